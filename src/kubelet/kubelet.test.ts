import { afterEach, describe, expect, it } from 'vitest';
import { resources } from '../api/resources.ts';
import type { Pod } from '../api/types.ts';
import { fastHost } from './testing/fast-host.ts';
import { eventually, startTestNode, type TestNode, type TestNodeOptions } from './testing/node.ts';

const open: TestNode[] = [];
async function node(options?: TestNodeOptions): Promise<TestNode> {
  const started = await startTestNode(options);
  open.push(started);
  return started;
}
afterEach(async () => {
  for (const started of open.splice(0)) await started.close();
});

const pod = (name: string, spec: Partial<NonNullable<Pod['spec']>> = {}, container: object = {}): Pod => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'busybox:1.36', ...container }], ...spec },
});

const START = [
  'Pending | PodScheduled',
  'Pending | c:waiting/ContainerCreating | Initialized,PodScheduled',
  'Pending | c:waiting/ContainerCreating | Initialized,PodScheduled,Sandbox',
];
const RUNNING = 'Running | c:running ready started | CR,Initialized,PodScheduled,Ready,Sandbox';

describe('a pod of the API server', () => {
  it('shows each state of a run that succeeds, and its events', async () => {
    const { api, changes, events } = await node({ behave: () => ({ exit: 0 }) });
    api.createPod(pod('done', { restartPolicy: 'Never' }));
    await eventually(() => api.pod('done')?.status.phase === 'Succeeded', 'Succeeded');
    expect(changes('done')).toEqual([
      ...START,
      RUNNING,
      'Running | c:terminated/Completed/0 | Initialized,PodScheduled,Sandbox',
      'Succeeded | c:terminated/Completed/0 | Initialized,PodScheduled',
    ]);
    await eventually(() => events('done').length >= 3);
    expect(events('done')).toEqual([
      'Normal Pulled: Container image "busybox:1.36" already present on machine and can be accessed by the pod',
      'Normal Created: Container created',
      'Normal Started: Container started',
    ]);
  });

  it('runs init containers and sidecars in order', async () => {
    const { api, changes } = await node({ behave: ({ metadata }) => (metadata.name === 'i2' || metadata.name === 'c' ? { exit: 0 } : {}) });
    api.createPod(
      pod('sidecar', {
        restartPolicy: 'Never',
        initContainers: [
          { name: 'side', image: 'busybox:1.36', restartPolicy: 'Always' },
          { name: 'i2', image: 'busybox:1.36' },
        ],
      }),
    );
    await eventually(() => api.pod('sidecar')?.status.phase === 'Succeeded', 'Succeeded');
    expect(changes('sidecar')).toEqual([
      'Pending | PodScheduled',
      'Pending | side:waiting/PodInitializing | i2:waiting/PodInitializing | c:waiting/PodInitializing | PodScheduled',
      'Pending | side:waiting/PodInitializing | i2:waiting/PodInitializing | c:waiting/PodInitializing | PodScheduled,Sandbox',
      'Pending | side:running ready started | i2:waiting/PodInitializing | c:waiting/PodInitializing | PodScheduled,Sandbox',
      'Pending | side:running ready started | i2:running started | c:waiting/PodInitializing | PodScheduled,Sandbox',
      'Pending | side:running ready started | i2:terminated/Completed/0 ready | c:waiting/PodInitializing | Initialized,PodScheduled,Sandbox',
      'Running | side:running ready started | i2:terminated/Completed/0 ready | c:running ready started | CR,Initialized,PodScheduled,Ready,Sandbox',
      'Running | side:running ready started | i2:terminated/Completed/0 ready | c:terminated/Completed/0 | Initialized,PodScheduled,Sandbox',
      'Running | side:terminated/Completed/0 | i2:terminated/Completed/0 ready | c:terminated/Completed/0 | Initialized,PodScheduled',
      'Succeeded | side:terminated/Completed/0 | i2:terminated/Completed/0 ready | c:terminated/Completed/0 | Initialized,PodScheduled',
    ]);
  });

  it('restarts a failing container once at once, then waits', async () => {
    const { api, changes, events } = await node({ behave: () => ({ exit: 1 }), host: fastHost(4) });
    const { metadata } = api.createPod(pod('crash'));
    const waiting = await eventually(() =>
      api.history.find((p) => p.status.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff'),
    );
    const status = waiting.status.containerStatuses?.[0];
    expect(status?.state?.waiting?.message).toBe(`back-off 10s restarting failed container=c pod=crash_default(${metadata.uid})`);
    expect(status?.lastState?.terminated).toMatchObject({ exitCode: 1, reason: 'Error' });
    await eventually(() => changes('crash').length > 8);
    expect(changes('crash').slice(4, 9)).toEqual([
      'Running | c:terminated/Error/1 | Initialized,PodScheduled,Sandbox',
      'Running | c:running x1 ready started | CR,Initialized,PodScheduled,Ready,Sandbox',
      'Running | c:terminated/Error/1 x1 | Initialized,PodScheduled,Sandbox',
      'Running | c:waiting/CrashLoopBackOff x1 | Initialized,PodScheduled,Sandbox',
      'Running | c:running x2 ready started | CR,Initialized,PodScheduled,Ready,Sandbox',
    ]);
    await eventually(
      () => events('crash').includes(`Warning BackOff: Back-off restarting failed container c in pod crash_default(${metadata.uid})`),
      'the event',
    );
  });

  it('tells why a container cannot be started', async () => {
    const { api, changes, events } = await node({ behave: () => ({ startError: 'exec: "/nope": no such file' }) });
    api.createPod(pod('nope', { restartPolicy: 'Never' }));
    await eventually(() => api.pod('nope')?.status.phase === 'Failed', 'Failed');
    expect(changes('nope').slice(3)).toEqual([
      'Pending | c:terminated/StartError/128 | Initialized,PodScheduled,Sandbox',
      'Failed | c:terminated/StartError/128 | Initialized,PodScheduled',
    ]);
    await eventually(() => events('nope').includes('Warning Failed: Error: exec: "/nope": no such file'), 'the event');
  });

  it('is deleted when its containers have ended', async () => {
    const { api, changes, runtime, events, kubelet } = await node();
    api.createPod(pod('bye', { terminationGracePeriodSeconds: 7 }));
    await eventually(() => api.pod('bye')?.status.phase === 'Running', 'Running');
    api.deletePod('bye');
    await eventually(() => api.pod('bye') === undefined, 'the end');
    expect(changes('bye').slice(-2)).toEqual([
      `${RUNNING} | deleting`,
      'Succeeded | c:terminated/Completed/0 | Initialized,PodScheduled | deleting',
    ]);
    expect(runtime.calls).toContain('stopContainer c 7');
    await eventually(() => events('bye').includes('Normal Killing: Stopping container c'), 'the event');
    await eventually(() => runtime.sandboxes.size === 0 && kubelet.view.pods().length === 0, 'the remains to be removed');
  });

  it('is refused when the node lacks what it needs', async () => {
    const { api, events } = await node();
    api.createPod(pod('big', {}, { resources: { requests: { cpu: '1000' } } }));
    const status = await eventually(() => api.pod('big')?.status.reason !== undefined && api.pod('big')?.status);
    expect(status).toMatchObject({ phase: 'Failed', reason: 'OutOfcpu' });
    expect(status.conditions ?? []).toEqual([]);
    expect(status.message).toMatch(/^Pod was rejected: Node didn't have enough resource: cpu, requested: 1000000, used: 0, capacity: \d+$/);
    expect(await eventually(() => events('big')[0])).toMatch(/^Warning OutOfcpu: Node didn't/);
  });

  it('waits for a secret that comes later', async () => {
    const { api, events } = await node();
    api.createPod(
      pod('late', { volumes: [{ name: 'v', secret: { secretName: 'late' } }] }, { volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
    );
    await eventually(() => events('late').length > 0, 'an event');
    expect(events('late')).toEqual(['Warning FailedMount: MountVolume.SetUp failed for volume "v" : secret "late" not found']);
    expect(api.pod('late')?.status.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: 'ContainerCreating' } });
    api.put(resources.secrets, { metadata: { name: 'late', namespace: 'default' }, data: { a: 'Yg==' } });
    await eventually(() => api.pod('late')?.status.phase === 'Running', 'Running');
  });
});

describe('a kubelet that starts again', () => {
  it('finds its containers and restarts nothing', async () => {
    const first = await node();
    const { api, runtime } = first;
    api.createPod(pod('keeps'));
    await eventually(() => api.pod('keeps')?.status.phase === 'Running', 'Running');
    const before = api.pod('keeps')?.status;
    const calls = runtime.calls.length;
    const second = await first.restart();
    open.splice(0, open.length, second);
    await eventually(() => second.kubelet.view.pod('default', 'keeps')?.status.phase === 'Running', 'the pod');
    expect(second.kubelet.view.pod('default', 'keeps')?.status.containerStatuses).toEqual(before?.containerStatuses);
    expect(runtime.calls.slice(calls)).toEqual([]);
  });

  it('starts a container that was made and not started as if for the first time', async () => {
    const first = await node();
    const { api, runtime } = first;
    const startContainer = runtime.startContainer.bind(runtime);
    runtime.startContainer = () => Promise.reject(new Error('not now'));
    api.createPod(pod('cut-off'));
    await eventually(() => [...runtime.containers.values()].some(({ state }) => state === 'created'), 'the container to be made');
    await first.kubelet.close();
    runtime.startContainer = startContainer;
    // A slow machine lets the first kubelet try more than once.
    const attempt = Math.max(...[...runtime.containers.values()].map(({ metadata }) => metadata.attempt));
    const second = await first.restart();
    open.splice(0, open.length, second);
    await eventually(() => api.pod('cut-off')?.status.phase === 'Running', 'Running');
    expect(api.pod('cut-off')?.status.containerStatuses?.map(({ restartCount }) => restartCount)).toEqual([attempt]);
    const newest = [...runtime.containers.values()].filter(({ metadata }) => metadata.attempt === attempt);
    expect(newest.map(({ state }) => state)).toEqual(['running']);
  });

  it('stops the containers of pods that were deleted meanwhile', async () => {
    const first = await node();
    const { api, runtime } = first;
    api.createPod(pod('orphan'));
    await eventually(() => api.pod('orphan')?.status.phase === 'Running', 'Running');
    await first.kubelet.close();
    api.deletePod('orphan', 0);
    const second = await first.restart();
    open.splice(0, open.length, second);
    await eventually(() => runtime.sandboxes.size === 0 && runtime.containers.size === 0, 'the orphan to be removed');
  });
});
