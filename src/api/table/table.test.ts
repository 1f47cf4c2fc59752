import { describe, expect, it } from 'vitest';
import { resources } from '../resources.ts';
import type { ResourceDefinition } from '../resources.ts';
import { goTime } from '../time.ts';
import { toTable } from './table.ts';
import type { TableOptions } from './table.ts';

const now = Date.UTC(2026, 10, 21, 12);
const created = goTime(now - 65_000);
const meta = { name: 'o', namespace: 'n', creationTimestamp: created };

/** The first row, by column name. */
function row(of: ResourceDefinition, object: object, options: Partial<TableOptions> = {}): Record<string, unknown> {
  const table = toTable(of, [{ metadata: meta, ...object }], { now, ...options });
  return Object.fromEntries((table.columnDefinitions ?? []).map((column, i) => [column.name, table.rows[0]?.cells[i]]));
}

const running = (name: string, more: object = {}): object => ({ name, ready: true, restartCount: 0, state: { running: {} }, ...more });
const ended = (reason: string | undefined, exitCode: number, more: object = {}): object => ({
  terminated: { exitCode, ...(reason && { reason }), ...more },
});
const pod = (spec: object, status: object, metadata: object = {}): object => ({ metadata: { ...meta, ...metadata }, spec, status });
const two = { containers: [{ name: 'a' }, { name: 'b' }] };

describe('pods in a Table', () => {
  it.each([
    ['runs', pod(two, { phase: 'Running', containerStatuses: [running('a'), running('b')] }), '2/2', 'Running', '0'],
    ['waits', pod(two, { phase: 'Pending' }), '0/2', 'Pending', '0'],
    [
      'creates',
      pod(two, {
        phase: 'Pending',
        containerStatuses: [{ name: 'a', restartCount: 0, state: { waiting: { reason: 'ContainerCreating' } } }],
      }),
      '0/2',
      'ContainerCreating',
      '0',
    ],
    [
      'crashes',
      pod(two, {
        phase: 'Running',
        containerStatuses: [
          {
            name: 'a',
            restartCount: 3,
            state: { waiting: { reason: 'CrashLoopBackOff' } },
            lastState: ended('Error', 1, { finishedAt: goTime(now - 5000) }),
          },
          running('b'),
        ],
      }),
      '1/2',
      'CrashLoopBackOff',
      '3 (5s ago)',
    ],
    [
      'completed',
      pod(two, { phase: 'Succeeded', containerStatuses: [{ name: 'a', restartCount: 0, state: ended('Completed', 0) }] }),
      '0/2',
      'Completed',
      '0',
    ],
    [
      'completed in part',
      pod(two, {
        phase: 'Running',
        conditions: [{ type: 'Ready', status: 'True' }],
        containerStatuses: [{ name: 'a', restartCount: 0, state: ended('Completed', 0) }, running('b')],
      }),
      '1/2',
      'Running',
      '0',
    ],
    [
      'completed in part, not ready',
      pod(two, { phase: 'Running', containerStatuses: [{ name: 'a', restartCount: 0, state: ended('Completed', 0) }, running('b')] }),
      '1/2',
      'NotReady',
      '0',
    ],
    [
      'was killed',
      pod(two, { phase: 'Failed', containerStatuses: [{ name: 'a', restartCount: 0, state: ended(undefined, 137, { signal: 9 }) }] }),
      '0/2',
      'Signal:9',
      '0',
    ],
    [
      'failed',
      pod(two, { phase: 'Failed', containerStatuses: [{ name: 'a', restartCount: 0, state: ended(undefined, 3) }] }),
      '0/2',
      'ExitCode:3',
      '0',
    ],
    ['was evicted', pod(two, { phase: 'Failed', reason: 'Evicted' }), '0/2', 'Evicted', '0'],
    ['ends', pod(two, { phase: 'Running', containerStatuses: [running('a')] }, { deletionTimestamp: created }), '1/2', 'Terminating', '0'],
    ['is lost', pod(two, { phase: 'Running', reason: 'NodeLost' }, { deletionTimestamp: created }), '0/2', 'Unknown', '0'],
    [
      'is gated',
      pod(two, { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }),
      '0/2',
      'SchedulingGated',
      '0',
    ],
    [
      'initializes',
      pod(
        { ...two, initContainers: [{ name: 'i' }, { name: 'j' }] },
        { phase: 'Pending', initContainerStatuses: [{ name: 'i', restartCount: 0, state: { running: {} } }] },
      ),
      '0/2',
      'Init:0/2',
      '0',
    ],
    [
      'fails to initialize',
      pod(
        { ...two, initContainers: [{ name: 'i' }] },
        { phase: 'Pending', initContainerStatuses: [{ name: 'i', restartCount: 1, state: ended('Error', 1) }] },
      ),
      '0/2',
      'Init:Error',
      '1',
    ],
    [
      'has a sidecar',
      pod(
        { ...two, initContainers: [{ name: 's', restartPolicy: 'Always' }] },
        {
          phase: 'Running',
          initContainerStatuses: [running('s', { started: true, restartCount: 2 })],
          containerStatuses: [running('a'), running('b')],
        },
      ),
      '3/3',
      'Running',
      '2',
    ],
  ])('a pod that %s', (_what, object, ready, status, restarts) => {
    expect(row(resources.pods, object)).toMatchObject({ Name: 'o', Ready: ready, Status: status, Restarts: restarts, Age: '65s' });
  });

  it('fill the wide columns', () => {
    const gates = [{ conditionType: 'x.io/a' }, { conditionType: 'x.io/b' }];
    const object = pod(
      { ...two, nodeName: 'n1', readinessGates: gates },
      { podIPs: [{ ip: '10.0.0.1' }], conditions: [{ type: 'x.io/a', status: 'True' }] },
    );
    expect(row(resources.pods, object)).toMatchObject({ IP: '10.0.0.1', Node: 'n1', 'Nominated Node': '<none>', 'Readiness Gates': '1/2' });
  });

  it('carry a condition when they are over', () => {
    const table = toTable(resources.pods, [pod(two, { phase: 'Failed' })], { now });
    expect(table.rows[0]?.conditions).toEqual([{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }]);
  });
});

describe('other kinds in a Table', () => {
  it.each<[string, ResourceDefinition, object, object]>([
    [
      'a node',
      resources.nodes,
      {
        metadata: { ...meta, labels: { 'node-role.kubernetes.io/control-plane': '', 'kubernetes.io/role': 'a' } },
        spec: { unschedulable: true },
        status: {
          conditions: [{ type: 'Ready', status: 'True' }],
          addresses: [{ type: 'InternalIP', address: '1.2.3.4' }],
          nodeInfo: { kubeletVersion: 'v1', kernelVersion: '6.1', architecture: 'amd64' },
        },
      },
      {
        Status: 'Ready,SchedulingDisabled',
        Roles: 'a,control-plane',
        Version: 'v1',
        'Internal-IP': '1.2.3.4',
        'External-IP': '<none>',
        'OS-Image': '<unknown>',
        'Kernel-Version': '6.1 (amd64)',
      },
    ],
    ['a node without conditions', resources.nodes, {}, { Status: 'Unknown', Roles: '<none>', Version: '' }],
    [
      'a service',
      resources.services,
      {
        spec: {
          type: 'NodePort',
          clusterIPs: ['10.0.0.1'],
          ports: [
            { port: 80, nodePort: 30080, protocol: 'TCP' },
            { port: 53, protocol: 'UDP' },
          ],
          selector: { b: '2', a: '1' },
        },
      },
      { Type: 'NodePort', 'Cluster-IP': '10.0.0.1', 'External-IP': '<none>', 'Port(s)': '80:30080/TCP,53/UDP', Selector: 'a=1,b=2' },
    ],
    [
      'a pending balancer',
      resources.services,
      { spec: { type: 'LoadBalancer' } },
      { 'External-IP': '<pending>', 'Port(s)': '<none>', 'Cluster-IP': '<none>' },
    ],
    ['a name elsewhere', resources.services, { spec: { type: 'ExternalName', externalName: 'x.y' } }, { 'External-IP': 'x.y' }],
    [
      'an event',
      resources.events,
      {
        type: 'Normal',
        reason: 'Started',
        message: ' hi\n',
        involvedObject: { kind: 'Pod', name: 'p', fieldPath: 'spec' },
        source: { component: 'kubelet', host: 'h' },
        firstTimestamp: goTime(now - 60_000),
        lastTimestamp: goTime(now - 5000),
        count: 4,
      },
      {
        'Last Seen': '5s',
        Type: 'Normal',
        Reason: 'Started',
        Object: 'pod/p',
        Subobject: 'spec',
        Source: 'kubelet, h',
        Message: 'hi',
        'First Seen': '60s',
        Count: 4,
        Name: 'o',
      },
    ],
    [
      'a newer event',
      resources['events.events.k8s.io'],
      { note: 'hi', regarding: { kind: 'Pod', name: 'p' }, eventTime: '2026-11-21T11:59:50.000000Z', reportingController: 'c' },
      { 'Last Seen': '10s', Object: 'pod/p', Message: 'hi', Source: 'c', Count: 1 },
    ],
    ['a namespace', resources.namespaces, { status: { phase: 'Active' } }, { Name: 'o', Status: 'Active', Age: '65s' }],
    ['a secret', resources.secrets, { type: 'Opaque', data: { a: '', b: '' } }, { Type: 'Opaque', Data: 2 }],
    ['a config map', resources.configmaps, { data: { a: '' }, binaryData: { b: '' } }, { Data: 2 }],
    ['a service account', resources.serviceaccounts, {}, { Name: 'o', Age: '65s' }],
    ['a lease', resources['leases.coordination.k8s.io'], { spec: { holderIdentity: 'h' } }, { Holder: 'h' }],
    ['a role', resources['roles.rbac.authorization.k8s.io'], {}, { 'Created At': created }],
    [
      'a binding',
      resources['clusterrolebindings.rbac.authorization.k8s.io'],
      {
        roleRef: { kind: 'ClusterRole', name: 'r' },
        subjects: [
          { kind: 'User', name: 'u' },
          { kind: 'User', name: 'v' },
          { kind: 'ServiceAccount', name: 's', namespace: 'n' },
        ],
      },
      { Role: 'ClusterRole/r', Users: 'u, v', Groups: '', ServiceAccounts: 'n/s' },
    ],
    [
      'a deployment',
      resources['deployments.apps'],
      {
        spec: {
          replicas: 2,
          selector: { matchLabels: { a: 'b' } },
          template: {
            spec: {
              containers: [
                { name: 'c', image: 'i' },
                { name: 'd', image: 'j' },
              ],
            },
          },
        },
        status: { readyReplicas: 1, updatedReplicas: 2 },
      },
      { Ready: '1/2', 'Up-to-date': 2, Available: 0, Containers: 'c,d', Images: 'i,j', Selector: 'a=b' },
    ],
    [
      'a job',
      resources['jobs.batch'],
      {
        spec: { completions: 1 },
        status: {
          succeeded: 1,
          startTime: goTime(now - 10_000),
          completionTime: goTime(now - 7000),
          conditions: [{ type: 'Complete', status: 'True' }],
        },
      },
      { Status: 'Complete', Completions: '1/1', Duration: '3s' },
    ],
    [
      'a cron job',
      resources['cronjobs.batch'],
      { spec: { schedule: '* * * * *', suspend: false }, status: {} },
      { Schedule: '* * * * *', Timezone: '<none>', Suspend: 'False', Active: 0, 'Last Schedule': '<none>' },
    ],
    [
      'a claim',
      resources.persistentvolumeclaims,
      {
        spec: { volumeName: 'v' },
        status: { phase: 'Bound', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] },
      },
      { Status: 'Bound', Volume: 'v', Capacity: '1Gi', 'Access Modes': 'RWO,ROX', VolumeAttributesClass: '<unset>' },
    ],
    [
      'a default storage class',
      resources['storageclasses.storage.k8s.io'],
      { metadata: { ...meta, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } }, provisioner: 'p' },
      { Name: 'o (default)', Provisioner: 'p', ReclaimPolicy: 'Delete' },
    ],
    [
      'endpoints',
      resources.endpoints,
      { subsets: [{ addresses: ['1', '2', '3', '4'].map((n) => ({ ip: `10.0.0.${n}` })), ports: [{ port: 80 }] }] },
      { Endpoints: '10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 1 more...' },
    ],
    [
      'an ingress',
      resources['ingresses.networking.k8s.io'],
      { spec: { rules: [{ host: 'a.b' }], tls: [{}] } },
      { Class: '<none>', Hosts: 'a.b', Address: '', Ports: '80, 443' },
    ],
    [
      'an autoscaler',
      resources['horizontalpodautoscalers.autoscaling'],
      {
        spec: {
          scaleTargetRef: { kind: 'Deployment', name: 'd' },
          minReplicas: 1,
          maxReplicas: 3,
          metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: 80 } } }],
        },
      },
      { Reference: 'Deployment/d', Targets: 'cpu: <unknown>/80%', MinPods: '1', MaxPods: 3, Replicas: 0 },
    ],
    [
      'a quota',
      resources.resourcequotas,
      { status: { hard: { pods: '3', 'limits.cpu': '2' }, used: { pods: '1' } } },
      { Request: 'pods: 1/3', Limit: 'limits.cpu: 0/2' },
    ],
  ])('%s', (_what, of, object, expected) => {
    expect(row(of, object)).toMatchObject(expected);
  });

  it('print every kind there is, also when it is empty', () => {
    for (const of of Object.values(resources)) {
      const [first] = toTable(of, [{}], { now }).rows;
      expect(first?.cells.every((cell) => cell !== undefined)).toBe(true);
    }
  });

  it('carry metadata, the object or nothing, and columns only where asked', () => {
    const object = { metadata: meta, data: { a: '1' } };
    const of = resources.configmaps;
    expect(toTable(of, [object], { now }).rows[0]?.object).toEqual({
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: meta,
    });
    expect(toTable(of, [object], { now, includeObject: 'None' }).rows[0]?.object).toBeNull();
    expect(toTable(of, [object], { now, includeObject: 'Object' }).rows[0]?.object).toEqual({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      ...object,
    });
    expect(toTable(of, [], { now, columns: false, apiVersion: 'meta.k8s.io/v1beta1', listMeta: { resourceVersion: '5' } })).toEqual({
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1beta1',
      metadata: { resourceVersion: '5' },
      columnDefinitions: null,
      rows: [],
    });
  });
});
