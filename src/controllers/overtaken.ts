import { hasReason } from '../api/status.ts';

/** Whether a write failed because others were faster: it is done already, or its namespace has begun to end. */
export function isOvertaken(error: unknown): boolean {
  return hasReason(error, 'AlreadyExists') || hasReason(error, 'NotFound') || isNamespaceEnding(error);
}

/** Whether an object could not be made because its namespace has begun to end, or has ended. */
export function isNamespaceEnding(error: unknown): boolean {
  if (hasReason(error, 'NotFound')) return error.status.details?.kind === 'namespaces';
  return hasReason(error, 'Forbidden') && error.status.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') === true;
}
