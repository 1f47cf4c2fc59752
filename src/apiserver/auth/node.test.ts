import { describe, expect, it } from 'vitest';
import { resources, type ResourceDefinition } from '../../api/resources.ts';
import { StatusError } from '../../api/status.ts';
import type { KubeObject, Pod } from '../../api/types.ts';
import { ask, testUser } from '../../auth/testing.ts';
import { createCertificateRequest, createPrivateKeyPem } from '../../auth/x509/x509.ts';
import type { AdmissionRequest } from '../endpoint.ts';
import { nodeAuthorizer } from './node-authorizer.ts';
import { nodeGraph } from './node-graph.ts';
import { nodeRestrictionAdmission } from './node-restriction.ts';
import { memoryRegistry } from './testing.ts';

const slices = resources['resourceslices.resource.k8s.io'];
const n1 = testUser('system:node:n1', 'system:nodes', 'system:authenticated');

function pod(name: string, nodeName: string, more: Partial<Pod['spec']> = {}): KubeObject {
  return {
    metadata: { name, namespace: 'ns', uid: `uid-${name}` },
    spec: { containers: [{ name: 'c', image: 'i' }], nodeName, serviceAccountName: 'robot', ...more },
  };
}
const everything: Partial<Pod['spec']> = {
  containers: [
    {
      name: 'c',
      image: 'i',
      envFrom: [{ secretRef: { name: 's-from' } }],
      env: [{ name: 'E', valueFrom: { configMapKeyRef: { name: 'cm-env', key: 'k' } } }],
    },
  ],
  imagePullSecrets: [{ name: 's-pull' }],
  volumes: [
    { name: 'a', secret: { secretName: 's-vol' } },
    { name: 'b', configMap: { name: 'cm-vol' } },
    { name: 'c', projected: { sources: [{ secret: { name: 's-proj' } }, { configMap: { name: 'cm-proj' } }] } },
    { name: 'd', persistentVolumeClaim: { claimName: 'claim' } },
    { name: 'e', ephemeral: {} },
  ],
};

function world() {
  const registry = memoryRegistry();
  const put = (resource: ResourceDefinition, object: KubeObject): void => registry.put(resource, object);
  put(resources.pods, pod('all', 'n1', everything));
  put(resources.pods, pod('other', 'n2', { volumes: [{ name: 'a', secret: { secretName: 's-other' } }] }));
  put(resources.persistentvolumes, { metadata: { name: 'pv' }, spec: { claimRef: { namespace: 'ns', name: 'claim' } } });
  put(resources['volumeattachments.storage.k8s.io'], { metadata: { name: 'va' }, spec: { nodeName: 'n1' } });
  put(resources.nodes, { metadata: { name: 'n1', uid: 'uid-n1' } });
  put(slices, { metadata: { name: 'slice' }, spec: { nodeName: 'n1' } });
  put(slices, { metadata: { name: 'slice-of-n2' }, spec: { nodeName: 'n2' } });
  return { registry, authorize: nodeAuthorizer(nodeGraph(registry.reader)) };
}

describe('the Node authorizer', () => {
  const { authorize } = world();
  const named = (resource: string, name: string, more: Parameters<typeof ask>[0] = {}) => ({ resource, name, namespace: 'ns', ...more });
  it.each([
    ...['s-from', 's-pull', 's-vol', 's-proj'].map((name) => named('secrets', name)),
    ...['cm-env', 'cm-vol', 'cm-proj'].map((name) => named('configmaps', name, { verb: 'watch' })),
    named('persistentvolumeclaims', 'claim'),
    named('persistentvolumeclaims', 'all-e'),
    named('persistentvolumeclaims', 'claim', { subresource: 'status', verb: 'patch' }),
    named('serviceaccounts', 'robot'),
    named('serviceaccounts', 'robot', { subresource: 'token', verb: 'create' }),
    { resource: 'persistentvolumes', name: 'pv' },
    { resource: 'volumeattachments', group: 'storage.k8s.io', name: 'va' },
    named('pods', 'all'),
    { verb: 'list', fieldSelector: 'spec.nodeName=n1' },
    { resource: 'resourceslices', group: 'resource.k8s.io', verb: 'deletecollection', fieldSelector: 'spec.nodeName=n1' },
    { resource: 'resourceslices', group: 'resource.k8s.io', verb: 'delete', name: 'slice' },
    { resource: 'resourceslices', group: 'resource.k8s.io', verb: 'create' },
    { verb: 'watch', fieldSelector: 'a=b,spec.nodeName=n1' },
    named('pods', 'x', { verb: 'create' }),
    named('pods', 'all', { subresource: 'status', verb: 'patch' }),
    { resource: 'nodes', name: 'n1' },
    { resource: 'nodes', name: 'n1', verb: 'watch' },
    { resource: 'nodes', verb: 'create' },
    { resource: 'nodes', name: 'n1', subresource: 'status', verb: 'patch' },
    { resource: 'leases', group: 'coordination.k8s.io', namespace: 'kube-node-lease', name: 'n1', verb: 'update' },
    { resource: 'services', verb: 'list' },
    { resource: 'tokenreviews', group: 'authentication.k8s.io', verb: 'create' },
    { resource: 'events', namespace: 'ns', verb: 'create' },
  ])('allows %j', async (fields) => {
    expect(await authorize(ask({ user: n1, ...fields }))).toEqual({ decision: 'allow', reason: '' });
  });

  const none = "no relationship found between node 'n1' and this object";
  it.each([
    [named('secrets', 's-other'), none],
    [named('secrets', 's-vol', { namespace: 'elsewhere' }), none],
    [named('secrets', 's-vol', { verb: 'delete' }), 'can only read resources of this type'],
    [{ resource: 'secrets', namespace: 'ns', verb: 'list' }, 'No Object name found'],
    [{ resource: 'secrets', verb: 'list' }, 'can only read namespaced object of this type'],
    [named('pods', 'other'), none],
    [{ verb: 'list' }, 'can only list/watch pods with spec.nodeName field selector'],
    [{ verb: 'list', fieldSelector: 'spec.nodeName=n2' }, 'can only list/watch pods with spec.nodeName field selector'],
    [{ resource: 'nodes', verb: 'list' }, "node 'n1' cannot read all nodes, only its own Node object"],
    [{ resource: 'nodes', name: 'n2' }, "node 'n1' cannot read 'n2', only its own Node object"],
    [named('serviceaccounts', 'admin', { subresource: 'token', verb: 'create' }), none],
    [
      { resource: 'leases', group: 'coordination.k8s.io', namespace: 'ns', name: 'n1' },
      'can only access leases in the "kube-node-lease" system namespace',
    ],
    [
      { resource: 'leases', group: 'coordination.k8s.io', namespace: 'kube-node-lease', name: 'n2' },
      'can only access node lease with the same name as the requesting node',
    ],
    [{ resource: 'deployments', group: 'apps', verb: 'list' }, ''],
    [named('pods', 'all', { subresource: 'exec', verb: 'create' }), ''],
  ])('has nothing to say for %j but %j', async (fields, reason) => {
    expect(await authorize(ask({ user: n1, ...fields }))).toEqual({ decision: 'noOpinion', reason });
  });

  it('speaks of nodes only', async () => {
    for (const user of [testUser('system:node:n1'), testUser('n1', 'system:nodes'), testUser('system:node:', 'system:nodes')])
      expect(await authorize(ask({ user, resource: 'services', verb: 'list' }))).toEqual({ decision: 'noOpinion', reason: '' });
  });

  it('follows pods as they come, change and go', async () => {
    const { registry, authorize } = world();
    const may = async (name: string): Promise<boolean> =>
      (await authorize(ask({ user: n1, resource: 'secrets', namespace: 'ns', name }))).decision === 'allow';
    const withSecret = (secretName: string, node = 'n1') => pod('late', node, { volumes: [{ name: 'v', secret: { secretName } }] });
    expect(await may('new')).toBe(false);
    registry.put(resources.pods, withSecret('new'));
    expect(await may('new')).toBe(true);
    registry.put(resources.pods, withSecret('newer'));
    expect([await may('new'), await may('newer')]).toEqual([false, true]);
    registry.put(resources.pods, pod('too', 'n1', { volumes: [{ name: 'v', secret: { secretName: 'newer' } }] }));
    await registry.delete(resources.pods, 'ns', 'late');
    expect(await may('newer')).toBe(true);
    await registry.delete(resources.pods, 'ns', 'too');
    expect(await may('newer')).toBe(false);
    const mirror = withSecret('mirrored');
    registry.put(resources.pods, { ...mirror, metadata: { ...mirror.metadata, annotations: { 'kubernetes.io/config.mirror': 'x' } } });
    expect(await may('mirrored')).toBe(false);
  });
});

describe('NodeRestriction', () => {
  const { registry } = world();
  const admit = async (request: Partial<AdmissionRequest>): Promise<string> => {
    const full: AdmissionRequest = {
      operation: 'create',
      resource: resources.pods,
      subresource: '',
      namespace: 'ns',
      name: '',
      user: n1,
      object: undefined,
      before: undefined,
      dryRun: false,
      ...request,
    };
    try {
      await nodeRestrictionAdmission(full, registry.reader);
      return 'ok';
    } catch (error) {
      return error instanceof StatusError ? error.status.message : String(error);
    }
  };
  const mirror = (more: Partial<KubeObject['metadata']> = {}, spec: object = {}): KubeObject => ({
    metadata: {
      name: 'm',
      annotations: { 'kubernetes.io/config.mirror': 'h' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'uid-n1', controller: true }],
      ...more,
    },
    spec: { containers: [], nodeName: 'n1', ...spec },
  });
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'uid-n1', controller: true };
  const refused = (text: string): string => `pods "m" is forbidden: ${text}`;
  it.each([
    [mirror(), 'ok'],
    [
      mirror({ annotations: {} }),
      refused('pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods'),
    ],
    [mirror({}, { nodeName: 'n2' }), refused('node "n1" can only create pods with spec.nodeName set to itself')],
    [mirror({ ownerReferences: [] }), refused('node "n1" can only create pods with an owner reference set to itself')],
    [mirror({ ownerReferences: [owner, owner] }), refused('node "n1" can only create pods with a single owner reference set to itself')],
    [mirror({ ownerReferences: [{ ...owner, uid: 'x' }] }), refused('node n1 UID mismatch: expected x got uid-n1')],
    [mirror({}, { serviceAccountName: 'a' }), refused('node "n1" can not create pods that reference a service account')],
    [
      mirror({}, { volumes: [{ name: 'v', secret: { secretName: 's' } }] }),
      refused('node "n1" can not create pods that reference secrets'),
    ],
    [mirror({}, { resourceClaims: [{ name: 'r' }] }), refused('node "n1" can not create pods that reference resourceclaims')],
  ])('judges the creation of pod %#', async (object, answer) => {
    expect(await admit({ object, name: 'm' })).toBe(answer);
  });

  it('lets a node delete, update and evict its own pods only', async () => {
    expect(await admit({ operation: 'delete', name: 'all' })).toBe('ok');
    expect(await admit({ operation: 'delete', name: 'other' })).toContain(
      'node "n1" can only delete pods with spec.nodeName set to itself',
    );
    expect(await admit({ operation: 'update', subresource: 'status', name: 'other' })).toContain(
      'can only update pod status for pods with spec.nodeName set to itself',
    );
    expect(await admit({ operation: 'update', name: 'all' })).toContain('can only create and delete mirror pods');
    const labelled: KubeObject = { metadata: { labels: { a: 'b' } } };
    expect(await admit({ operation: 'update', subresource: 'status', name: 'all', object: labelled, before: { metadata: {} } })).toContain(
      'cannot update labels through pod status',
    );
  });

  const node = (metadata: object, spec: object = {}): KubeObject => ({ metadata: { name: 'n1', ...metadata }, spec });
  it.each<[string, Partial<AdmissionRequest>, string]>([
    ['itself', { object: node({ labels: { 'kubernetes.io/hostname': 'n1', 'node.kubernetes.io/x': 'y', mine: 'z' } }) }, 'ok'],
    ['itself with taints', { object: node({}, { taints: [{ key: 'a', effect: 'NoSchedule' }] }) }, 'ok'],
    ['another', { object: { metadata: { name: 'n2' } } }, 'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"'],
    [
      'a role',
      { object: node({ labels: { 'node-role.kubernetes.io/master': '' } }) },
      'nodes "n1" is forbidden: node "n1" is not allowed to set the following labels: node-role.kubernetes.io/master',
    ],
    [
      'a restricted label',
      { object: node({ labels: { 'x.node-restriction.kubernetes.io/a': '' } }) },
      'nodes "n1" is forbidden: node "n1" is not allowed to set the following labels: x.node-restriction.kubernetes.io/a',
    ],
    [
      'its taints',
      { operation: 'update', name: 'n1', object: node({}, { taints: [] }), before: node({}, { taints: [{ key: 'a' }] }) },
      'nodes "n1" is forbidden: node "n1" is not allowed to modify taints',
    ],
    [
      'its owners',
      { operation: 'update', name: 'n1', object: node({ ownerReferences: [owner] }), before: node({}) },
      'nodes "n1" is forbidden: node "n1" is not allowed to modify ownerReferences',
    ],
    [
      'a label away',
      { operation: 'update', name: 'n1', object: node({}), before: node({ labels: { 'kubernetes.io/x': '' } }) },
      'nodes "n1" is forbidden: node "n1" is not allowed to modify labels: kubernetes.io/x',
    ],
    [
      "another's status",
      {
        operation: 'update',
        subresource: 'status',
        name: 'n2',
        object: { metadata: { name: 'n2' } },
        before: { metadata: { name: 'n2' } },
      },
      'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"',
    ],
    ['another away', { operation: 'delete', name: 'n2' }, 'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"'],
  ])('judges a node that writes %s', async (_, request, answer) => {
    expect(await admit({ resource: resources.nodes, namespace: '', ...request })).toBe(answer);
  });

  const tokenFor = (boundObjectRef: object | undefined): KubeObject => ({
    metadata: {},
    spec: { audiences: [], ...(boundObjectRef && { boundObjectRef }) },
  });
  it.each([
    [{ apiVersion: 'v1', kind: 'Pod', name: 'all', uid: 'uid-all' }, 'ok'],
    [undefined, 'node requested token not bound to a pod'],
    [{ apiVersion: 'v1', kind: 'Node', name: 'n1' }, 'node requested token not bound to a pod'],
    [{ apiVersion: 'v1', kind: 'Pod', name: 'all' }, 'node requested token with a pod binding without a uid'],
    [
      { apiVersion: 'v1', kind: 'Pod', name: 'other', uid: 'uid-other' },
      'node requested token bound to a pod scheduled on a different node',
    ],
    [{ apiVersion: 'v1', kind: 'Pod', name: 'all', uid: 'x' }, 'does not match the UID in record'],
    [{ apiVersion: 'v1', kind: 'Pod', name: 'gone', uid: 'x' }, 'pods "gone" not found'],
  ])('judges a token bound to %j', async (ref, answer) => {
    expect(await admit({ resource: resources.serviceaccounts, subresource: 'token', name: 'robot', object: tokenFor(ref) })).toContain(
      answer,
    );
  });

  it.each<[string, Partial<AdmissionRequest>, string]>([
    ['its own', { object: { metadata: { name: 's' }, spec: { nodeName: 'n1' } } }, 'ok'],
    [
      'another’s',
      { object: { metadata: { name: 's' }, spec: { nodeName: 'n2' } } },
      'can only create ResourceSlice with the same NodeName as the requesting node',
    ],
    ['its own away', { operation: 'delete', name: 'slice' }, 'ok'],
    [
      'another’s away',
      { operation: 'delete', name: 'slice-of-n2' },
      'can only delete ResourceSlice with the same NodeName as the requesting node',
    ],
  ])('lets a node write its own ResourceSlices only: %s', async (_, request, answer) => {
    expect(await admit({ resource: slices, namespace: '', ...request })).toContain(answer);
  });

  const signing = (signerName: string, commonName: string): KubeObject => ({
    metadata: { name: 'csr' },
    spec: {
      signerName,
      request: Buffer.from(createCertificateRequest({ key: createPrivateKeyPem(), subject: { commonName } })).toString('base64'),
    },
  });
  it.each([
    [signing('kubernetes.io/kubelet-serving', 'system:node:n1'), 'ok'],
    [signing('kubernetes.io/kubelet-serving', 'system:node:n2'), 'can only create a node CSR with CN=system:node:n1'],
    [signing('kubernetes.io/kube-apiserver-client-kubelet', 'system:node:n2'), 'can only create a node CSR with CN=system:node:n1'],
    [signing('example.com/other', 'system:node:n2'), 'ok'],
    [{ metadata: { name: 'csr' }, spec: { signerName: 'kubernetes.io/kubelet-serving', request: 'eA==' } }, 'unable to parse csr: '],
  ])('lets a node ask for certificates of its own name only: %#', async (object, answer) => {
    expect(await admit({ resource: resources['certificatesigningrequests.certificates.k8s.io'], namespace: '', object })).toContain(answer);
  });

  it('does not concern other users', async () => {
    expect(await admit({ user: testUser('admin'), operation: 'delete', name: 'other' })).toBe('ok');
  });
});
