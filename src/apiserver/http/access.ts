/** May this user do this? The question as an authorizer takes it, and the 403 when the answer is no. */
import { failure, forbidden, type StatusError } from '../../api/status.ts';
import type { RequestInfo } from '../../api/request-info.ts';
import type { Attributes, Authorizer, UserInfo } from '../../auth/types.ts';

/** A refusal by the authorizer; it is sent with a header of its own. */
export class AccessDenied extends Error {
  readonly answer: StatusError;
  constructor(answer: StatusError) {
    super(answer.message);
    this.name = 'AccessDenied';
    this.answer = answer;
  }
}

/** Asks the authorizer. Throws AccessDenied. */
export async function checkAccess(authorize: Authorizer, user: UserInfo, info: RequestInfo): Promise<void> {
  const attributes = attributesOf(user, info);
  const decision = await authorize(attributes);
  if (decision.decision !== 'allow') throw new AccessDenied(denial(attributes, decision.reason));
}

function attributesOf(user: UserInfo, info: RequestInfo): Attributes {
  const { verb, path } = info;
  if (!info.isResource) return { kind: 'nonResource', user, verb, path };
  const { namespace, group, version, resource, subresource, name } = info;
  return { kind: 'resource', user, verb, namespace, group, version, resource, subresource, name, path };
}

/** The texts of apiserver `pkg/endpoints/handlers/responsewriters/errors.go`. */
function denial(attributes: Attributes, reason: string): StatusError {
  const user = JSON.stringify(attributes.user.name);
  const because = reason === '' ? '' : `: ${reason}`;
  if (attributes.kind === 'nonResource') {
    return failure(
      403,
      'Forbidden',
      `forbidden: User ${user} cannot ${attributes.verb} path ${JSON.stringify(attributes.path)}${because}`,
      {},
    );
  }
  const { verb, group, resource, subresource, namespace, name } = attributes;
  const what = JSON.stringify(subresource === '' ? resource : `${resource}/${subresource}`);
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const why = `User ${user} cannot ${verb} resource ${what} in API group ${JSON.stringify(group)} ${where}${because}`;
  return forbidden({ group, resource }, name, why);
}
