import { hasReason } from '../api/status.ts';

/** Whether a write failed because others were faster: it is done already, or its namespace has begun to end. */
export function isOvertaken(error: unknown): boolean {
  if (hasReason(error, 'AlreadyExists') || hasReason(error, 'NotFound')) return true;
  return hasReason(error, 'Forbidden') && error.status.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') === true;
}
