import { describe, expect, it } from 'vitest';
import type { ContainerStatus, Event, Node, Pod, PodSpec, PodStatus } from '../../api/types.ts';
import { whyText } from '../why.ts';
import { explain, type Facts } from './explain.ts';

const T = '2026-01-02T03:04:05Z';
const NOW = Date.parse('2026-01-02T03:05:05Z');
const ready: Node = { metadata: { name: 'n' }, status: { conditions: [{ type: 'Ready', status: 'True' }] } };

interface Case {
  readonly spec?: Partial<PodSpec>;
  readonly status?: PodStatus;
  readonly metadata?: Pod['metadata'];
  readonly events?: readonly (readonly [reason: string, message: string, container?: string])[];
  readonly node?: Node | null;
  readonly nodes?: readonly Node[] | null;
}

function facts({ spec, status, metadata, events = [], node = ready, nodes = [ready] }: Case): Facts {
  return {
    pod: {
      metadata: { name: 'p', namespace: 'web', creationTimestamp: T, ...metadata },
      spec: { nodeName: 'n', containers: [{ name: 'c', image: 'x' }], ...spec },
      status: { phase: 'Pending', ...status },
    },
    events: events.map(([reason, message, container]): Event => ({
      metadata: {},
      involvedObject: { name: 'p', ...(container !== undefined && { fieldPath: `spec.containers{${container}}` }) },
      reason,
      message,
      firstTimestamp: T,
      lastTimestamp: T,
      reportingComponent: '',
      reportingInstance: '',
    })),
    node: node ?? undefined,
    nodes: nodes ?? undefined,
    now: NOW,
  };
}

const container = (state: ContainerStatus['state'], more: Partial<ContainerStatus> = {}): PodStatus => ({
  containerStatuses: [
    { name: 'c', image: 'x', imageID: '', ready: false, restartCount: 0, containerID: 'process://1', ...(state && { state }), ...more },
  ],
});
const waiting = (reason: string, message = ''): PodStatus => container({ waiting: { reason, message } });
const unbound: Partial<PodSpec> = { nodeName: '' };
const scheduled = (message: string): PodStatus => ({
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastTransitionTime: T }],
});

const SITUATIONS: readonly (readonly [name: string, given: Case, waits: RegExp, advice: RegExp])[] = [
  ['a scheduling gate', { spec: { ...unbound, schedulingGates: [{ name: 'a/b' }] } }, /scheduling gates a\/b/, /schedulingGates/],
  ['no node at all', { spec: unbound, nodes: [] }, /there is none/, /Start a kubelet/],
  ['no node that is ready', { spec: unbound, nodes: [{ metadata: { name: 'n' } }] }, /none is/, /describe node/],
  [
    'too little cpu',
    { spec: unbound, status: scheduled('0/1 nodes are available: 1 Insufficient cpu.') },
    /Insufficient cpu/,
    /Ask for less/,
  ],
  ['a taint', { spec: unbound, status: scheduled('0/1 nodes are available: 1 node(s) had untolerated taint(s).') }, /taint/, /toleration/],
  [
    'no matching node',
    { spec: unbound, status: scheduled("1 node(s) didn't match Pod's node affinity/selector") },
    /affinity/,
    /nodeSelector/,
  ],
  ...(
    [
      ['persistentvolumeclaim "d" not found. not found', /Create the PersistentVolumeClaim d in namespace web/],
      ['pod has unbound immediate PersistentVolumeClaims. not found', /kubectl describe pvc d`/],
      ["1 node(s) didn't find available persistent volumes to bind", /Make a PersistentVolume that suits/],
      ['persistentvolumeclaim "d" is being deleted', /The claim goes when no pod uses it/],
      ['persistentvolumeclaim "d" bound to non-existent persistentvolume "v"', /The volume is gone/],
      ["1 node(s) didn't match PersistentVolume's node affinity", /reached from other nodes alone/],
    ] as const
  ).map(([why, advice]): readonly [string, Case, RegExp, RegExp] => [
    `a claim: ${why}`,
    { spec: { ...unbound, volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'd' } }] }, status: scheduled(why) },
    /ersistent/,
    advice,
  ]),
  [
    'a claim that the kubelet finds unbound',
    {
      spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'd' } }] },
      events: [['FailedMount', 'Unable to attach or mount volumes: …: error processing PVC web/d: PVC is not bound']],
    },
    /its volumes: .*PVC is not bound/,
    /describe pvc d`/,
  ],
  [
    'a local volume without its directory',
    { events: [['FailedMount', 'MountVolume.NewMounter initialization failed for volume "v" : path "/d" does not exist']] },
    /path "\/d" does not exist/,
    /Make the directory/,
  ],
  ['nobody who schedules', { spec: { ...unbound, schedulerName: 'mine' } }, /scheduler mine/, /runs/],
  ['a node that is gone', { node: null }, /not there/, /Start the kubelet/],
  [
    'a node that is silent',
    {
      node: {
        metadata: {},
        status: { conditions: [{ type: 'Ready', status: 'Unknown', message: 'Kubelet stopped posting node status.' }] },
      },
    },
    /stopped posting/,
    /kubelet does not report/,
  ],
  [
    'a missing Secret',
    { events: [['FailedMount', 'MountVolume.SetUp failed for volume "v" : secret "s" not found']] },
    /secret "s"/,
    /Create the Secret s/,
  ],
  ['a host path', { events: [['FailedMount', 'hostPath type check failed: /x is not a file']] }, /volumes/, /Make the path/],
  ['its sandbox', { events: [['FailedCreatePodSandBox', 'Failed to create pod sandbox: no network']] }, /no network/, /container runtime/],
  ['an image that cannot be pulled', { status: waiting('ImagePullBackOff', 'Back-off') }, /ImagePullBackOff: Back-off/, /imagePullSecrets/],
  ['an image that may not be pulled', { status: waiting('ErrImageNeverPull') }, /ErrImageNeverPull/, /image load/],
  ['a wrong image name', { status: waiting('InvalidImageName') }, /Invalid/, /Correct the name/],
  [
    'a missing ConfigMap in its environment',
    { status: waiting('CreateContainerConfigError', 'configmap "x" not found') },
    /"x"/,
    /Create what/,
  ],
  ['something new', { status: waiting('Unheard') }, /Unheard/, /Read the message/],
  [
    'its back-off',
    {
      status: container(
        { waiting: { reason: 'CrashLoopBackOff' } },
        { restartCount: 3, lastState: { terminated: { exitCode: 2, finishedAt: T } } },
      ),
    },
    /exit code 2 \(3 restarts\)/,
    /logs p -c c --previous/,
  ],
  [
    'its back-off after a want of memory',
    {
      status: container({ waiting: { reason: 'CrashLoopBackOff' } }, { lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }),
    },
    /want of memory/,
    /limits\.memory/,
  ],
  [
    'a restart',
    { status: container({ terminated: { exitCode: 1, finishedAt: T } }) },
    /started again: it ended with exit code 1/,
    /logs p -c c/,
  ],
  [
    'an init container',
    {
      spec: { initContainers: [{ name: 'i' }] },
      status: {
        initContainerStatuses: [{ name: 'i', image: '', imageID: '', ready: false, restartCount: 0, state: { running: { startedAt: T } } }],
      },
    },
    /init container i to end/,
    /-c i/,
  ],
  [
    'its readiness probe',
    {
      status: { phase: 'Running', ...container({ running: { startedAt: T } }, { started: true }) },
      events: [['Unhealthy', 'Readiness probe failed: 404', 'c']],
    },
    /readiness probe of container c: Readiness probe failed: 404/,
    /port and path/,
  ],
  ['its startup probe', { status: container({ running: { startedAt: T } }, { started: false }) }, /startup probe/, /enough time/],
  [
    'a readiness gate',
    { spec: { readinessGates: [{ conditionType: 'a/b' }] }, status: container({ running: {} }, { ready: true, started: true }) },
    /a\/b, which is not set/,
    /sets it to True/,
  ],
  ['its making', { status: waiting('ContainerCreating') }, /to be made/, /Wait/],
  ['the kubelet', {}, /kubelet to take it/, /kubelet of its node runs/],
  [
    'nothing: it was evicted',
    { status: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory. ' } },
    /memory\.$/,
    /ask for less/,
  ],
  [
    'nothing: the disk of the node was full',
    { status: { phase: 'Failed', reason: 'Evicted', message: 'The node had condition: [DiskPressure]. ' } },
    /\[DiskPressure\]\.$/,
    /disk is fuller.*evictionHard/,
  ],
  [
    'a node whose disk is not full',
    { spec: unbound, status: scheduled('0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }.') },
    /disk-pressure/,
    /disk is fuller/,
  ],
  ['nothing: the node was full', { status: { phase: 'Failed', reason: 'OutOfcpu', message: 'm' } }, /OutOfcpu: m/, /so much cpu left/],
  [
    'nothing: it failed',
    { status: { phase: 'Failed', ...container({ terminated: { exitCode: 3, message: 'no config' } }) } },
    /exit code 3: no config/,
    /logs p -c c/,
  ],
  ['a finalizer', { metadata: { deletionTimestamp: T, finalizers: ['a/b'] } }, /the finalizer a\/b/, /controller/],
  ['its end', { metadata: { deletionTimestamp: T, deletionGracePeriodSeconds: 30 } }, /has 30s/, /--force/],
];

describe('a pod that waits for', () => {
  it.each(SITUATIONS)('%s is told so, and what to do', (_name, given, waits, advice) => {
    const [first] = explain(facts(given));
    expect(first?.waits).toMatch(waits);
    expect(first?.advice).toMatch(advice);
  });
});

describe('the answer', () => {
  it('is short for a pod that runs or is done', () => {
    const running = facts({ status: { phase: 'Running', ...container({ running: {} }, { ready: true, started: true }) } });
    expect(explain(running)).toEqual([]);
    expect(whyText(running, [])).toBe('Pod web/p runs and is ready.\n');
    const done = facts({ status: { phase: 'Succeeded' } });
    expect(whyText(done, explain(done))).toBe('Pod web/p has succeeded.\n');
  });
  it('says since when', () => {
    const given = facts({ spec: { ...unbound, schedulingGates: [{ name: 'g' }] } });
    expect(whyText(given, explain(given))).toBe(
      `Pod web/p is Pending.

  waits for:  the scheduling gates g
  since:      ${T} (60s ago)
  what to do: Whoever set them removes them from spec.schedulingGates.
`,
    );
  });
  it('does not blame a node that one may not see', () => {
    expect(explain(facts({ nodes: null, node: null, status: waiting('ErrImagePull', 'm') }))[0]?.waits).toMatch(/ErrImagePull/);
  });
});
