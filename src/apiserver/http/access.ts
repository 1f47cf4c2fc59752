/** May this user do this? A refusal is sent with a header of its own. */
import type { StatusError } from '../../api/status.ts';
import type { RequestInfo } from '../../api/request-info.ts';
import type { Authorizer, UserInfo } from '../../auth/types.ts';
import { attributesOf, forbiddenRequest } from '../auth/authorization.ts';

export class AccessDenied extends Error {
  readonly answer: StatusError;
  /** The authorizer's. */
  readonly reason: string;
  constructor(answer: StatusError, reason: string) {
    super(answer.message);
    this.name = 'AccessDenied';
    this.answer = answer;
    this.reason = reason;
  }
}

/** Asks the authorizer; returns its reason. Throws AccessDenied. */
export async function checkAccess(authorize: Authorizer, user: UserInfo, info: RequestInfo, query: URLSearchParams): Promise<string> {
  const attributes = attributesOf(user, info, query);
  const decision = await authorize(attributes);
  if (decision.decision !== 'allow') throw new AccessDenied(forbiddenRequest(attributes, decision.reason), decision.reason);
  return decision.reason;
}
