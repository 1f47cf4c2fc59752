/** What a kubelet may do: its own node, and what its pods need (kubernetes `plugin/pkg/auth/authorizer/node/node_authorizer.go`). */
import { ruleAllows } from '../../auth/rbac/rbac.ts';
import type { Authorizer, Decision, ResourceAttributes, UserInfo } from '../../auth/types.ts';
import { CLUSTER_ROLES } from './bootstrap/cluster-roles.ts';
import type { NodeGraph, Referenced } from './node-graph.ts';

const PREFIX = 'system:node:';

/** The node that a user is; undefined for others. */
export function nodeNameOf(user: UserInfo): string | undefined {
  if (!user.name.startsWith(PREFIX) || !user.groups.includes('system:nodes')) return undefined;
  const name = user.name.slice(PREFIX.length);
  return name === '' ? undefined : name;
}

const ALLOW: Decision = { decision: 'allow', reason: '' };
const pass = (reason = ''): Decision => ({ decision: 'noOpinion', reason });

type Question = (graph: NodeGraph, node: string, attributes: ResourceAttributes) => Decision;

/** Answers for node users; has no opinion on anyone else, and never denies. */
export function nodeAuthorizer(graph: NodeGraph): Authorizer {
  const rules = CLUSTER_ROLES.find(({ name }) => name === 'system:node')?.rules ?? [];
  return (attributes) => {
    const node = nodeNameOf(attributes.user);
    if (node === undefined) return pass();
    if (attributes.kind === 'resource') {
      const question = QUESTIONS[`${attributes.group}/${attributes.resource}`];
      if (question !== undefined) return question(graph, node, attributes);
    }
    return rules.some((rule) => ruleAllows(rule, attributes)) ? ALLOW : pass();
  };
}

/** By `group/resource`; the rest goes by the rules of role `system:node`. */
const QUESTIONS: Readonly<Record<string, Question>> = {
  '/secrets': read('secrets'),
  '/configmaps': read('configmaps'),
  '/persistentvolumeclaims': (graph, node, attributes) =>
    attributes.subresource === 'status'
      ? claimStatus(graph, node, attributes)
      : getRelated('persistentvolumeclaims')(graph, node, attributes),
  '/persistentvolumes': getOne((graph, node, { name }) => graph.hasVolume(node, name)),
  'storage.k8s.io/volumeattachments': getOne((graph, node, { name }) => graph.hasAttachment(node, name)),
  'resource.k8s.io/resourceclaims': getRelated('resourceclaims'),
  '/serviceaccounts': (graph, node, attributes) =>
    attributes.subresource === '' ? getRelated('serviceaccounts')(graph, node, attributes) : createToken(graph, node, attributes),
  '/nodes': nodes,
  '/pods': pods,
  'coordination.k8s.io/leases': leases,
  'storage.k8s.io/csinodes': csiNodes,
  'resource.k8s.io/resourceslices': resourceSlices,
};

function related(node: string, name: string, is: () => boolean): Decision {
  if (name === '') return pass('No Object name found');
  return is() ? ALLOW : pass(`no relationship found between node '${node}' and this object`);
}

function read(kind: Referenced): Question {
  return (graph, node, { verb, subresource, namespace, name }) => {
    if (!['get', 'list', 'watch'].includes(verb)) return pass('can only read resources of this type');
    if (subresource !== '') return pass('cannot read subresource');
    if (namespace === '') return pass('can only read namespaced object of this type');
    return related(node, name, () => graph.refers(node, kind, namespace, name));
  };
}

function getOne(is: (graph: NodeGraph, node: string, attributes: ResourceAttributes) => boolean): Question {
  return (graph, node, attributes) => {
    if (attributes.verb !== 'get') return pass('can only get individual resources of this type');
    if (attributes.subresource !== '') return pass('cannot get subresource');
    return related(node, attributes.name, () => is(graph, node, attributes));
  };
}

function getRelated(kind: Referenced): Question {
  return getOne((graph, node, { namespace, name }) => graph.refers(node, kind, namespace, name));
}

function claimStatus(graph: NodeGraph, node: string, { verb, namespace, name }: ResourceAttributes): Decision {
  if (!['update', 'patch'].includes(verb)) return pass('can only get/update/patch this type');
  return related(node, name, () => graph.refers(node, 'persistentvolumeclaims', namespace, name));
}

function createToken(graph: NodeGraph, node: string, { verb, subresource, namespace, name }: ResourceAttributes): Decision {
  if (verb !== 'create' || name === '') return pass('can only create tokens for individual service accounts');
  if (subresource !== 'token') return pass('can only create token subresource of serviceaccount');
  return related(node, name, () => graph.refers(node, 'serviceaccounts', namespace, name));
}

function nodes(_graph: NodeGraph, node: string, { verb, subresource, name }: ResourceAttributes): Decision {
  if (subresource === 'status' && (verb === 'update' || verb === 'patch')) return ALLOW;
  if (subresource !== '') return pass();
  // Which node is written is for admission to say, which sees the object.
  if (['create', 'update', 'patch'].includes(verb)) return ALLOW;
  if (!['get', 'list', 'watch'].includes(verb)) return pass();
  if (name === node) return ALLOW;
  return pass(`node '${node}' cannot read ${name === '' ? 'all nodes' : `'${name}'`}, only its own Node object`);
}

function pods(graph: NodeGraph, node: string, attributes: ResourceAttributes): Decision {
  const { verb, subresource, namespace, name } = attributes;
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? ALLOW : pass();
  if (subresource === 'eviction') return verb === 'create' ? ALLOW : pass();
  if (subresource !== '') return pass();
  switch (verb) {
    case 'get':
      return related(node, name, () => graph.hasPod(node, namespace, name));
    case 'list':
    case 'watch':
      if (selectsNode(attributes.fieldSelector ?? '', node)) return ALLOW;
      if (name !== '') return related(node, name, () => graph.hasPod(node, namespace, name));
      return pass('can only list/watch pods with spec.nodeName field selector');
    case 'create':
    case 'delete':
      return ALLOW;
    default:
      return pass();
  }
}

function selectsNode(fieldSelector: string, node: string): boolean {
  return fieldSelector.split(',').some((term) => term === `spec.nodeName=${node}` || term === `spec.nodeName==${node}`);
}

const OWN_VERBS: ReadonlySet<string> = new Set(['get', 'create', 'update', 'patch', 'delete']);

function leases(_graph: NodeGraph, node: string, { verb, subresource, namespace, name }: ResourceAttributes): Decision {
  if (!OWN_VERBS.has(verb)) return pass('can only get, create, update, patch, or delete a node lease');
  if (subresource !== '') return pass('cannot authorize lease subresources');
  if (namespace !== 'kube-node-lease') return pass('can only access leases in the "kube-node-lease" system namespace');
  return verb === 'create' || name === node ? ALLOW : pass('can only access node lease with the same name as the requesting node');
}

function resourceSlices(graph: NodeGraph, node: string, { verb, subresource, name, fieldSelector }: ResourceAttributes): Decision {
  if (subresource !== '') return pass('cannot authorize ResourceSlice subresources');
  switch (verb) {
    case 'create':
      return ALLOW;
    case 'get':
    case 'update':
    case 'patch':
    case 'delete':
      return related(node, name, () => graph.hasSlice(node, name));
    case 'list':
    case 'watch':
    case 'deletecollection':
      return selectsNode(fieldSelector ?? '', node)
        ? ALLOW
        : pass('can only list/watch/deletecollection resourceslices with nodeName field selector');
    default:
      return pass(
        'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
      );
  }
}

function csiNodes(_graph: NodeGraph, node: string, { verb, subresource, name }: ResourceAttributes): Decision {
  if (!OWN_VERBS.has(verb)) return pass('can only get, create, update, patch, or delete a CSINode');
  if (subresource !== '') return pass('cannot authorize CSINode subresources');
  return verb === 'create' || name === node ? ALLOW : pass('can only access CSINode with the same name as the requesting node');
}
