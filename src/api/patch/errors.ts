/** What can be wrong with a patch, and how the API answers (apiserver `pkg/endpoints/handlers/patch.go`). */
import { JsonError, parseJson } from '../json.ts';
import { badRequest, failure } from '../status.ts';
import type { StatusError } from '../status.ts';

/**
 * A patch that cannot be applied. `malformed`: the patch itself is wrong (400). `inapplicable`: it does not fit
 * the object (422). `broken`: the original fails inside (500).
 */
export class PatchError extends Error {
  readonly fault: 'malformed' | 'inapplicable' | 'broken' | 'tooLarge';
  constructor(message: string, fault: PatchError['fault']) {
    super(message);
    this.name = 'PatchError';
    this.fault = fault;
  }
}

/** Most operations in one JSON Patch. */
export const MAX_JSON_PATCH_OPERATIONS = 10_000;

/** The answer for a patch that failed; anything but a PatchError is thrown on. */
export function patchFailure(error: unknown): StatusError {
  if (!(error instanceof PatchError)) throw error;
  if (error.fault === 'malformed') return badRequest(error.message);
  // A Go error that is no Status goes out without a reason.
  if (error.fault === 'broken') return failure(500, '', error.message);
  if (error.fault === 'tooLarge') return failure(413, 'RequestEntityTooLarge', error.message);
  return failure(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
}

/** Reads the text of a JSON, merge or strategic merge patch. Throws PatchError with the recorded wording. */
export function parsePatch(text: string): { value: unknown; duplicates: string[] } {
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new PatchError(`error decoding patch: ${error.message}`, 'malformed');
  }
}
