/** May this user do this? A refusal is sent with a header of its own. */
import type { StatusError } from '../../api/status.ts';
import type { RequestInfo } from '../../api/request-info.ts';
import type { Authorizer, UserInfo } from '../../auth/types.ts';
import { attributesOf, forbiddenRequest } from '../auth/authorization.ts';

export class AccessDenied extends Error {
  readonly answer: StatusError;
  constructor(answer: StatusError) {
    super(answer.message);
    this.name = 'AccessDenied';
    this.answer = answer;
  }
}

/** Asks the authorizer. Throws AccessDenied. */
export async function checkAccess(authorize: Authorizer, user: UserInfo, info: RequestInfo, query: URLSearchParams): Promise<void> {
  const attributes = attributesOf(user, info, query);
  const decision = await authorize(attributes);
  if (decision.decision !== 'allow') throw new AccessDenied(forbiddenRequest(attributes, decision.reason));
}
