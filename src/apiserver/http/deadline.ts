/** How long a request may take (apiserver `pkg/endpoints/filters/request_deadline.go`, `pkg/server/filters/timeout.go`). */
import { parseDuration } from '../../api/duration.ts';
import { badRequest, failure } from '../../api/status.ts';
import { errorText } from '../../util/log.ts';

/** `--request-timeout` of kube-apiserver, in ms. */
export const DEFAULT_REQUEST_TIMEOUT = 60_000;

/** The time that a request has, in ms: what its client asks for, but not more than the server gives. Throws 400. */
export function timeoutOf(query: URLSearchParams, most: number): number {
  const asked = query.get('timeout') ?? '';
  if (asked === '') return most;
  let wanted: number;
  try {
    wanted = parseDuration(asked);
  } catch (error) {
    throw badRequest(`invalid timeout specified in the request URL - ${errorText(error)}`);
  }
  return wanted > 0 && wanted < most ? wanted : most;
}

/** Waits for the work, but not beyond its time. Throws 504. The work is not broken off, only its answer comes too late. */
export async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(failure(504, 'Timeout', 'Timeout: request did not complete within the allotted timeout', {})), ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
