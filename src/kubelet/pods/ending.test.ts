import { afterEach, describe, expect, it } from 'vitest';
import type { PodSpec } from '../../api/types.ts';
import { createFakeRuntime, type FakeRuntime } from '../testing/fake-runtime.ts';
import { fastHost } from '../testing/fast-host.ts';
import { eventually, startTestNode, type TestNode, type TestNodeOptions } from '../testing/node.ts';

let node: TestNode | undefined;
afterEach(async () => {
  await node?.close();
  node = undefined;
});

async function running(spec: Partial<PodSpec>, options: TestNodeOptions = {}): Promise<TestNode> {
  const started = await startTestNode(options);
  node = started;
  started.api.createPod({
    metadata: { name: 'p' },
    spec: { terminationGracePeriodSeconds: 20, containers: [{ name: 'c', image: 'busybox:1.36' }], ...spec },
  });
  await eventually(() => started.api.pod('p')?.status.phase === 'Running', 'Running');
  return started;
}

/** A runtime whose containers end only when they are killed: `stopContainer` waits for its turn. */
function stubborn(): { runtime: FakeRuntime; stops: number[]; release: () => void } {
  const runtime = createFakeRuntime();
  const stops: number[] = [];
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const stop = runtime.stopContainer.bind(runtime);
  runtime.stopContainer = async (id, seconds) => {
    stops.push(seconds);
    await released;
    await stop(id, seconds);
  };
  return { runtime, stops, release };
}

const gone = (started: TestNode): Promise<unknown> =>
  eventually(() => started.api.pod('p') === undefined && started.runtime.sandboxes.size === 0, 'the end');

describe('the end of a pod', () => {
  it('gives the grace of the deletion, and never less than two seconds', async () => {
    const started = await running({});
    started.api.deletePod('p', 1);
    await gone(started);
    expect(started.runtime.calls).toContain('stopContainer c 2');
  });

  it('runs preStop first and goes on when it fails', async () => {
    const order: string[] = [];
    const started = await running(
      { containers: [{ name: 'c', image: 'busybox:1.36', lifecycle: { preStop: { exec: { command: ['bye'] } } } }] },
      { exec: (command) => ({ code: order.push(command.join(' ')) }) },
    );
    started.api.deletePod('p');
    await gone(started);
    expect(order).toEqual(['bye']);
    await eventually(() => started.events('p').includes('Warning FailedPreStopHook: PreStopHook failed'), 'the event');
  });

  it('waits for no sleep of a container that is dead: one that dies by itself, and one that a shorter grace ends', async () => {
    for (const how of ['dies', 'shorter'] as const) {
      const node = await startTestNode();
      try {
        const spec = { containers: [{ name: 'c', image: 'busybox:1.36', lifecycle: { preStop: { sleep: { seconds: 600 } } } }] };
        node.api.createPod({ metadata: { name: 'p' }, spec: { ...spec, terminationGracePeriodSeconds: 900 } });
        await eventually(() => node.api.pod('p')?.status.phase === 'Running');
        node.api.deletePod('p');
        await eventually(() => node.events('p').some((e) => e.includes('Killing')), 'the stop');
        if (how === 'shorter') node.api.deletePod('p', 1);
        else for (const id of node.runtime.containers.keys()) node.runtime.exit(id, 3);
        await eventually(() => node.api.pod('p') === undefined, `the end when it ${how}`);
      } finally {
        await node.close();
      }
    }
  });

  it('takes the time of a preStop sleep from the grace', async () => {
    const started = await running(
      { containers: [{ name: 'c', image: 'busybox:1.36', lifecycle: { preStop: { sleep: { seconds: 5 } } } }] },
      { host: fastHost(50) },
    );
    started.api.deletePod('p');
    await gone(started);
    const [, seconds] = /^stopContainer c (\d+)$/.exec(started.runtime.calls.find((c) => c.startsWith('stopContainer')) ?? '') ?? [];
    // A timer of Node may come a moment early, and seconds are rounded down.
    expect(Number(seconds)).toBeLessThanOrEqual(16);
    expect(Number(seconds)).toBeGreaterThan(5);
  });

  it('stops sidecars after the containers, the last one first', async () => {
    const side = (name: string) => ({ name, image: 'busybox:1.36', restartPolicy: 'Always' });
    const started = await running({ initContainers: [side('s1'), side('s2')] });
    started.api.deletePod('p');
    await gone(started);
    expect(started.runtime.calls.filter((c) => c.startsWith('stopContainer')).map((c) => c.split(' ')[1])).toEqual(['c', 's2', 's1']);
  });

  it('comes sooner when a second deletion gives less time', async () => {
    const { runtime, stops, release } = stubborn();
    const started = await running({}, { runtime });
    started.api.deletePod('p', 30);
    await eventually(() => stops.length === 1, 'the first stop');
    started.api.deletePod('p', 3);
    await eventually(() => stops.length === 2, 'the second stop');
    expect(stops).toEqual([30, 3]);
    release();
    await gone(started);
  });

  it('follows when the object vanishes at once', async () => {
    const started = await running({});
    started.api.deletePod('p', 0);
    await gone(started);
    await eventually(() => started.kubelet.view.pods().length === 0);
  });

  it('calls off a start that is under way', async () => {
    const runtime = createFakeRuntime();
    let pulling = false;
    runtime.pullImage = (_reference, _auth, signal) =>
      new Promise((_resolve, reject) => {
        pulling = true;
        signal?.addEventListener('abort', () => reject(new Error('called off')), { once: true });
      });
    const started = await startTestNode({ runtime });
    node = started;
    started.api.createPod({ metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'far:1' }] } });
    await eventually(() => pulling, 'the pull');
    started.api.deletePod('p');
    await gone(started);
    expect(runtime.calls.filter((c) => c.startsWith('createContainer'))).toEqual([]);
  });

  it('comes at the deadline', async () => {
    const started = await running({ activeDeadlineSeconds: 60 }, { host: fastHost(100) });
    await eventually(() => started.api.pod('p')?.status.phase === 'Failed', 'Failed');
    expect(started.api.pod('p')?.status).toMatchObject({
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    });
    expect(started.changes('p').slice(-2)).toEqual([
      'Running | c:running ready started | Initialized,PodScheduled,Sandbox',
      'Failed | DeadlineExceeded | c:terminated/Completed/0 | Initialized,PodScheduled',
    ]);
  });

  it('of a container whose postStart hook failed is a restart', async () => {
    const started = await startTestNode({ exec: () => ({ code: 1 }) });
    node = started;
    started.api.createPod({
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', image: 'busybox:1.36', lifecycle: { postStart: { exec: { command: ['false'] } } } }] },
    });
    const message = await eventually(() => started.api.pod('p')?.status.containerStatuses?.[0]?.state?.waiting?.message);
    const { uid } = started.api.pod('p')?.metadata ?? {};
    expect(message).toBe(
      `Exec lifecycle hook ([false]) for Container "c" in Pod "p_default(${uid})" failed - error: command 'false' exited with 1: , message: ""`,
    );
    await eventually(() => started.events('p').includes('Normal Killing: FailedPostStartHook'), 'the event');
  });
});

describe('a pod that changes', () => {
  it('starts an ephemeral container that is added', async () => {
    const started = await running({});
    const { api } = started;
    const pod = api.pod('p');
    if (pod === undefined) throw new Error('no pod');
    api.replacePod({ ...pod, spec: { ...pod.spec, ephemeralContainers: [{ name: 'dbg', image: 'busybox:1.36' }] } });
    await eventually(() => api.pod('p')?.status.ephemeralContainerStatuses?.[0]?.state?.running !== undefined, 'the debugger');
  });

  it('restarts a container whose image changed', async () => {
    const started = await running({}, { images: ['busybox:1.36', 'other:1'] });
    const { api } = started;
    const pod = api.pod('p');
    if (pod === undefined) throw new Error('no pod');
    api.replacePod({ ...pod, spec: { ...pod.spec, containers: [{ name: 'c', image: 'other:1' }] } });
    await eventually(() => api.pod('p')?.status.containerStatuses?.[0]?.restartCount === 1, 'the restart');
    await eventually(() => started.events('p').includes('Normal Killing: Container c definition changed, will be restarted'), 'the event');
  });
});
