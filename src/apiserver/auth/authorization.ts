/** Who may do what at the API server: modes Node and RBAC, as kubeadm configures them. */
import { forbidden, failure, type StatusError } from '../../api/status.ts';
import type { RequestInfo } from '../../api/request-info.ts';
import { privilegedGroup, union } from '../../auth/chain.ts';
import { rbacAuthorizer, type RuleResolver, ruleResolver } from '../../auth/rbac/rbac.ts';
import type { Attributes, Authorizer, UserInfo } from '../../auth/types.ts';
import type { ObjectReader } from '../endpoint.ts';
import { nodeAuthorizer } from './node-authorizer.ts';
import { type NodeGraph, nodeGraph } from './node-graph.ts';
import { rbacReader } from './rbac-reader.ts';

export interface ApiAuthorization {
  readonly authorize: Authorizer;
  /** Every rule that RBAC gives a user in a namespace. */
  readonly rulesFor: RuleResolver;
  readonly nodes: NodeGraph;
  close(): void;
}

/** The chain of `--authorization-mode=Node,RBAC` over what is stored. `system:masters` passes before it. */
export function apiAuthorization(objects: ObjectReader): ApiAuthorization {
  const reader = rbacReader(objects);
  const nodes = nodeGraph(objects);
  return {
    authorize: union(privilegedGroup(), nodeAuthorizer(nodes), rbacAuthorizer(reader)),
    rulesFor: ruleResolver(reader),
    nodes,
    close: () => {
      reader.close();
      nodes.close();
    },
  };
}

/** What an authorizer is asked about a request. */
export function attributesOf(user: UserInfo, info: RequestInfo, query?: URLSearchParams): Attributes {
  if (!info.isResource) return { kind: 'nonResource', user, verb: info.verb, path: info.path };
  const { verb, namespace, group, version, resource, subresource, name, path } = info;
  const fieldSelector = query?.get('fieldSelector') ?? '';
  return {
    kind: 'resource',
    user,
    verb,
    namespace,
    group,
    version,
    resource,
    subresource,
    name,
    path,
    ...(fieldSelector !== '' && { fieldSelector }),
  };
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** The 403 of a request that no authorizer allowed (apiserver `handlers/responsewriters/errors.go`). */
export function forbiddenRequest(attributes: Attributes, reason = ''): StatusError {
  const why = `${sentence(attributes).replace(/[&<>]/g, (c) => ESCAPES[c] ?? c)}${reason === '' ? '' : `: ${reason}`}`;
  if (attributes.kind === 'resource') return forbidden(attributes, attributes.name, why);
  return failure(403, 'Forbidden', `forbidden: ${why}`, {});
}

function sentence(attributes: Attributes): string {
  const quote = JSON.stringify;
  const who = `User ${quote(attributes.user.name)} cannot ${attributes.verb}`;
  if (attributes.kind === 'nonResource') return `${who} path ${quote(attributes.path)}`;
  const { group, namespace, resource, subresource } = attributes;
  const what = subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${quote(namespace)}`;
  return `${who} resource ${quote(what)} in API group ${quote(group)} ${where}`;
}
