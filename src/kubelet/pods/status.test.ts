import { describe, expect, it } from 'vitest';
import type { PodSpec, PodStatus } from '../../api/types.ts';
import { brief } from '../testing/node.ts';
import { aPod, seen, type SeenContainer } from '../testing/objects.ts';
import type { WaitingReason } from './container-status.ts';
import { NOTHING_OBSERVED } from './observed.ts';
import { podStatus, rejectedStatus, type StatusInput } from './status.ts';

const NOW = Date.parse('2026-01-02T03:04:05.678Z');

function status(
  spec: Partial<PodSpec>,
  containers: readonly SeenContainer[],
  more: Partial<StatusInput> & { readonly why?: Readonly<Record<string, WaitingReason>> } = {},
): PodStatus {
  const { why = {}, ...rest } = more;
  return podStatus({
    pod: aPod(spec),
    observed: seen(containers),
    previous: {},
    waiting: new Map(Object.entries(why)),
    probes: { result: () => 'unknown' },
    runtimeName: 'containerd',
    hostIPs: ['192.0.2.1'],
    finished: false,
    now: NOW,
    ...rest,
  }).status;
}

const shown = (value: PodStatus): string => brief({ metadata: {}, status: value });
const two = { containers: [{ name: 'a' }, { name: 'b' }] };
const side = { name: 'side', restartPolicy: 'Always' };

interface Case {
  readonly what: string;
  readonly spec?: Partial<PodSpec>;
  readonly containers: readonly SeenContainer[];
  readonly more?: Parameters<typeof status>[2];
  readonly line: string;
}

const crash = { reason: 'CrashLoopBackOff', message: 'back-off 10s' };
const cases: readonly Case[] = [
  {
    what: 'a pod that nothing was done for',
    containers: [],
    more: { observed: NOTHING_OBSERVED },
    line: 'Pending | c:waiting/ContainerCreating | Initialized,PodScheduled',
  },
  {
    what: 'a pod with init containers that nothing was done for',
    spec: { initContainers: [{ name: 'i' }] },
    containers: [],
    more: { observed: NOTHING_OBSERVED },
    line: 'Pending | i:waiting/PodInitializing | c:waiting/PodInitializing | PodScheduled',
  },
  {
    what: 'a container that was made',
    containers: [{ name: 'c', state: 'created' }],
    line: 'Pending | c:waiting | Initialized,PodScheduled,Sandbox',
  },
  {
    what: 'a container that runs',
    containers: [{ name: 'c' }],
    line: 'Running | c:running ready started | CR,Initialized,PodScheduled,Ready,Sandbox',
  },
  {
    what: 'one of two containers not made yet',
    spec: two,
    containers: [{ name: 'a' }],
    line: 'Pending | a:running ready started | b:waiting/ContainerCreating | Initialized,PodScheduled,Sandbox',
  },
  {
    what: 'one of two containers over',
    spec: { ...two, restartPolicy: 'Never' },
    containers: [{ name: 'b' }, { name: 'a', state: 'exited' }],
    line: 'Running | a:terminated/Completed/0 | b:running ready started | Initialized,PodScheduled,Sandbox',
  },
  {
    what: 'a success that is not finished',
    spec: { restartPolicy: 'Never' },
    containers: [{ name: 'c', state: 'exited' }],
    more: { previous: { phase: 'Running' } },
    line: 'Running | c:terminated/Completed/0 | Initialized,PodScheduled,Sandbox',
  },
  {
    what: 'a success that is finished',
    spec: { restartPolicy: 'Never' },
    containers: [{ name: 'c', state: 'exited' }],
    more: { finished: true },
    line: 'Succeeded | c:terminated/Completed/0 | Initialized,PodScheduled,Sandbox',
  },
  {
    what: 'a failure that is finished',
    spec: { restartPolicy: 'Never' },
    containers: [{ name: 'c', state: 'exited', exitCode: 3 }],
    more: { finished: true },
    line: 'Failed | c:terminated/Error/3 | Initialized,PodScheduled,Sandbox',
  },
  {
    what: 'a deleted pod that restarts always, when its container exited 0',
    containers: [{ name: 'c', state: 'exited' }],
    more: { finished: true },
    line: 'Succeeded | c:terminated/Completed/0 | Initialized,PodScheduled,Sandbox',
  },
  {
    what: 'a container that ended and will restart',
    containers: [{ name: 'c', state: 'exited', exitCode: 1 }],
    line: 'Running | c:terminated/Error/1 | Initialized,PodScheduled,Sandbox',
  },
  {
    what: 'a container that waits for its back-off',
    containers: [{ name: 'c', state: 'exited', exitCode: 1, restarts: 1 }],
    more: { why: { c: crash } },
    line: 'Running | c:waiting/CrashLoopBackOff x1 | Initialized,PodScheduled,Sandbox',
  },
  {
    what: 'a container that ended for good says how, not why it could not start',
    spec: { restartPolicy: 'Never' },
    containers: [{ name: 'c', state: 'exited', exitCode: 128, reason: 'StartError' }],
    more: { why: { c: { reason: 'RunContainerError', message: 'x' } } },
    line: 'Pending | c:terminated/StartError/128 | Initialized,PodScheduled,Sandbox',
  },
  {
    what: 'an image that is not there',
    containers: [],
    more: { why: { c: { reason: 'ErrImagePull', message: 'x' } } },
    line: 'Pending | c:waiting/ErrImagePull | Initialized,PodScheduled,Sandbox',
  },
  {
    what: 'an init container that runs',
    spec: { initContainers: [{ name: 'i' }] },
    containers: [{ name: 'i' }],
    line: 'Pending | i:running started | c:waiting/PodInitializing | PodScheduled,Sandbox',
  },
  {
    what: 'an init container that succeeded',
    spec: { initContainers: [{ name: 'i' }] },
    containers: [{ name: 'i', state: 'exited' }],
    line: 'Pending | i:terminated/Completed/0 ready | c:waiting/PodInitializing | Initialized,PodScheduled,Sandbox',
  },
  {
    what: 'an init container that failed and is tried again',
    spec: { initContainers: [{ name: 'i' }] },
    containers: [{ name: 'i', state: 'exited', exitCode: 5 }],
    line: 'Pending | i:terminated/Error/5 | c:waiting/PodInitializing | PodScheduled,Sandbox',
  },
  {
    what: 'an init container that failed for good',
    spec: { restartPolicy: 'Never', initContainers: [{ name: 'i' }] },
    containers: [{ name: 'i', state: 'exited', exitCode: 5 }],
    more: { finished: true },
    line: 'Failed | i:terminated/Error/5 | c:waiting/PodInitializing | PodScheduled,Sandbox',
  },
  {
    what: 'a sidecar beside a container',
    spec: { initContainers: [side] },
    containers: [{ name: 'c' }, { name: 'side' }],
    line: 'Running | side:running ready started | c:running ready started | CR,Initialized,PodScheduled,Ready,Sandbox',
  },
  {
    what: 'a sidecar whose startup probe has not succeeded',
    spec: { initContainers: [{ ...side, startupProbe: { exec: { command: ['x'] } } }] },
    containers: [{ name: 'side' }],
    line: 'Pending | side:running | c:waiting/PodInitializing | PodScheduled,Sandbox',
  },
  {
    what: 'a readiness probe without a result',
    spec: { containers: [{ name: 'c', readinessProbe: { exec: { command: ['x'] } } }] },
    containers: [{ name: 'c' }],
    line: 'Running | c:running started | Initialized,PodScheduled,Sandbox',
  },
  {
    what: 'a readiness gate that nobody set',
    spec: { readinessGates: [{ conditionType: 'x' }] },
    containers: [{ name: 'c' }],
    line: 'Running | c:running ready started | CR,Initialized,PodScheduled,Sandbox',
  },
  {
    what: 'a readiness gate that is open',
    spec: { readinessGates: [{ conditionType: 'x' }] },
    containers: [{ name: 'c' }],
    more: { previous: { conditions: [{ type: 'x', status: 'True' }] } },
    line: 'Running | c:running ready started | CR,Initialized,PodScheduled,Ready,Sandbox,x',
  },
  {
    what: 'a deadline that is over, before anything has stopped',
    containers: [{ name: 'c' }],
    more: { verdict: { reason: 'DeadlineExceeded', message: 'm' }, previous: { phase: 'Running' } },
    line: 'Running | c:running ready started | Initialized,PodScheduled,Sandbox',
  },
  {
    what: 'a deadline that is over, at the end',
    containers: [{ name: 'c', state: 'exited' }],
    more: { verdict: { reason: 'DeadlineExceeded', message: 'm' }, finished: true },
    line: 'Failed | DeadlineExceeded | c:terminated/Completed/0 | Initialized,PodScheduled,Sandbox',
  },
  {
    what: 'an ephemeral container',
    spec: { ephemeralContainers: [{ name: 'dbg', image: 'busybox' }] },
    containers: [{ name: 'dbg', state: 'exited' }, { name: 'c' }],
    line: 'Running | c:running ready started | dbg:terminated/Completed/0 | CR,Initialized,PodScheduled,Ready,Sandbox',
  },
];

describe('podStatus', () => {
  it.each(cases)('shows $what', ({ spec = {}, containers, more, line }) => {
    expect(shown(status(spec, containers, more))).toBe(line);
  });

  it('keeps the fixed order of conditions, with their generation and reasons', () => {
    const { conditions } = status({ restartPolicy: 'Never' }, [{ name: 'c', state: 'exited' }], { finished: true });
    expect(conditions).toEqual([
      {
        type: 'PodReadyToStartContainers',
        observedGeneration: 1,
        status: 'True',
        lastProbeTime: null,
        lastTransitionTime: '2026-01-02T03:04:05Z',
      },
      {
        type: 'Initialized',
        observedGeneration: 1,
        status: 'True',
        lastProbeTime: null,
        lastTransitionTime: '2026-01-02T03:04:05Z',
        reason: 'PodCompleted',
      },
      {
        type: 'Ready',
        observedGeneration: 1,
        status: 'False',
        lastProbeTime: null,
        lastTransitionTime: '2026-01-02T03:04:05Z',
        reason: 'PodCompleted',
      },
      {
        type: 'ContainersReady',
        observedGeneration: 1,
        status: 'False',
        lastProbeTime: null,
        lastTransitionTime: '2026-01-02T03:04:05Z',
        reason: 'PodCompleted',
      },
      { type: 'PodScheduled', observedGeneration: 1, status: 'True', lastProbeTime: null, lastTransitionTime: '2026-01-02T03:04:05Z' },
    ]);
  });

  it('names the containers that are not ready', () => {
    const { conditions = [] } = status({ initContainers: [{ name: 'i1' }, { name: 'i2' }], ...two }, []);
    expect(conditions.find((c) => c.type === 'Initialized')?.message).toBe('containers with incomplete status: [i1 i2]');
    expect(conditions.find((c) => c.type === 'Ready')).toMatchObject({
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [a b]',
    });
  });

  it('moves a transition time only when the status of the condition changes', () => {
    const before = status({}, []);
    const after = status({}, [{ name: 'c' }], { previous: before, now: NOW + 60_000 });
    const time = (value: PodStatus, type: string): string | undefined => value.conditions?.find((c) => c.type === type)?.lastTransitionTime;
    expect(time(after, 'Initialized')).toBe('2026-01-02T03:04:05Z');
    expect(time(after, 'Ready')).toBe('2026-01-02T03:05:05Z');
    expect(after.startTime).toBe('2026-01-02T03:04:05Z');
  });

  it('tells a container in full', () => {
    const spec: Partial<PodSpec> = {
      containers: [
        {
          name: 'c',
          resources: { limits: { memory: '64Mi' }, requests: { cpu: '10m', memory: '16Mi' } },
          volumeMounts: [
            { name: 'k', mountPath: '/k' },
            { name: 't', mountPath: '/t', readOnly: true },
          ],
        },
      ],
    };
    const value = status(spec, [
      { name: 'c', restarts: 1 },
      { name: 'c', state: 'exited', exitCode: 3 },
    ]);
    expect(value.containerStatuses).toEqual([
      {
        name: 'c',
        state: { running: { startedAt: '1970-01-01T00:16:40Z' } },
        lastState: {
          terminated: {
            exitCode: 3,
            reason: 'Error',
            startedAt: '1970-01-01T00:16:39Z',
            finishedAt: '1970-01-01T00:16:39Z',
            containerID: 'containerd://c-0',
          },
        },
        ready: true,
        started: true,
        restartCount: 1,
        image: 'docker.io/library/busybox:latest',
        imageID: 'sha256:1',
        containerID: 'containerd://c-1',
        allocatedResources: { cpu: '10m', memory: '16Mi' },
        resources: { limits: { memory: '64Mi' }, requests: { cpu: '10m', memory: '16Mi' } },
        volumeMounts: [
          { name: 'k', mountPath: '/k' },
          { name: 't', mountPath: '/t', readOnly: true, recursiveReadOnly: 'Disabled' },
        ],
      },
    ]);
    expect(value).toMatchObject({
      observedGeneration: 1,
      hostIP: '192.0.2.1',
      podIP: '10.0.0.1',
      podIPs: [{ ip: '10.0.0.1' }],
      qosClass: 'Burstable',
    });
  });

  it('keeps what the runtime has forgotten', () => {
    const ended = {
      name: 'c',
      ready: false,
      restartCount: 2,
      image: 'i',
      imageID: 'x',
      containerID: 'containerd://1',
      state: { terminated: { exitCode: 4, reason: 'Error' } },
      lastState: {},
    };
    const value = status({ restartPolicy: 'Never' }, [], {
      previous: { containerStatuses: [ended] },
      finished: true,
      observed: NOTHING_OBSERVED,
    });
    expect(value.containerStatuses?.[0]).toMatchObject({ state: ended.state, restartCount: 2, containerID: 'containerd://1' });
    expect(value.phase).toBe('Failed');
    const lost = status({}, [], { previous: { containerStatuses: [{ ...ended, state: { running: {} } }] } });
    expect(lost.containerStatuses?.[0]).toMatchObject({
      restartCount: 3,
      state: { waiting: { reason: 'ContainerCreating' } },
      lastState: { terminated: { reason: 'ContainerStatusUnknown', exitCode: 137 } },
    });
  });

  it("shows the node's addresses for a pod on the host's network, and keeps addresses after the end", () => {
    expect(status({ hostNetwork: true }, [{ name: 'c' }])).toMatchObject({ podIP: '192.0.2.1' });
    expect(status({}, [], { observed: NOTHING_OBSERVED, previous: { podIP: '10.0.0.9', podIPs: [{ ip: '10.0.0.9' }] } })).toMatchObject({
      podIP: '10.0.0.9',
    });
  });

  it('shares the room for last words among the containers', () => {
    const value = status({ restartPolicy: 'Never' }, [{ name: 'c', state: 'exited', message: 'x'.repeat(20_000) }]);
    expect(value.containerStatuses?.[0]?.state?.terminated?.message?.length).toBe(12 * 1024);
  });

  it('never leaves a terminal phase', () => {
    expect(status({}, [{ name: 'c' }], { previous: { phase: 'Failed' }, finished: true }).phase).toBe('Failed');
  });
});

describe('rejectedStatus', () => {
  it('says why, and nothing about containers', () => {
    expect(rejectedStatus(aPod(), 'NodePorts', 'Predicate NodePorts failed: x', NOW)).toEqual({
      phase: 'Failed',
      reason: 'NodePorts',
      message: 'Pod was rejected: Predicate NodePorts failed: x',
      startTime: '2026-01-02T03:04:05Z',
      qosClass: 'BestEffort',
    });
  });
});
