/**
 * Errors that travel as metav1.Status (apimachinery `pkg/api/errors`). The server throws them, the
 * client rebuilds them from an answer; both sides ask `error.status.reason`.
 */
import type { Status, StatusCause } from './types.ts';

/** An error with its Status: HTTP code, reason and details. */
export class StatusError extends Error {
  readonly status: Status & { code: number; message: string; reason: string };
  constructor(status: Status & { code: number; message: string; reason: string }) {
    super(status.message);
    this.name = 'StatusError';
    this.status = status;
  }
}

/** The resource that an error speaks of: `{group: 'apps', resource: 'deployments'}`. */
export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

/** `pods` or `deployments.apps`, as error texts name a resource. */
export function qualifiedResource(of: GroupResource): string {
  return of.group === '' ? of.resource : `${of.resource}.${of.group}`;
}

interface Details {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** Builds a failure; the named constructors below cover the usual ones. */
export function failure(code: number, reason: string, message: string, details?: Details): StatusError {
  const kept = details && Object.fromEntries(Object.entries(details).filter(([, v]) => v !== undefined && v !== '' && v !== 0));
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(kept && { details: kept }),
    code,
  });
}

const of = (r: GroupResource, name: string): Details => ({ name, group: r.group, kind: r.resource });

export const badRequest = (message: string): StatusError => failure(400, 'BadRequest', message);
export const unauthorized = (): StatusError => failure(401, 'Unauthorized', 'Unauthorized');
export const forbidden = (r: GroupResource, name: string, why: string): StatusError =>
  failure(403, 'Forbidden', `${qualifiedResource(r)}${name === '' ? '' : ` "${name}"`} is forbidden: ${why}`, of(r, name));
export const notFound = (r: GroupResource, name: string): StatusError =>
  failure(404, 'NotFound', `${qualifiedResource(r)} "${name}" not found`, of(r, name));
export const methodNotSupported = (r: GroupResource, action: string): StatusError =>
  failure(405, 'MethodNotAllowed', `${action} is not supported on resources of kind "${qualifiedResource(r)}"`, {
    group: r.group,
    kind: r.resource,
  });
export const alreadyExists = (r: GroupResource, name: string): StatusError =>
  failure(409, 'AlreadyExists', `${qualifiedResource(r)} "${name}" already exists`, of(r, name));
export const conflict = (r: GroupResource, name: string, why: string): StatusError =>
  failure(409, 'Conflict', `Operation cannot be fulfilled on ${qualifiedResource(r)} "${name}": ${why}`, of(r, name));
export const expired = (message: string): StatusError => failure(410, 'Expired', message);
export const tooLarge = (message: string): StatusError => failure(413, 'RequestEntityTooLarge', message);
export const internalError = (message: string): StatusError =>
  failure(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });
export const serviceUnavailable = (message: string): StatusError => failure(503, 'ServiceUnavailable', message);

/** Whether an unknown thrown value is a StatusError with this reason. */
export function hasReason(error: unknown, reason: string): error is StatusError {
  return error instanceof StatusError && error.status.reason === reason;
}

/** What a call resolves to; undefined when the API says that it is about something that is not there. */
export async function unlessNotFound<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}
