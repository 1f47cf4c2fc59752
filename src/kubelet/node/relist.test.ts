import { describe, expect, it } from 'vitest';
import { systemHost } from '../../util/host.ts';
import type { ContainerSummary, PodSandbox } from '../../runtime/runtime.ts';
import { createKubeletMetrics } from '../stats/kubelet-metrics.ts';
import { POD_UID } from '../spec/labels.ts';
import { createFakeRuntime } from '../testing/fake-runtime.ts';
import { createRelist } from './relist.ts';

const sandbox = (uid: string, state: PodSandbox['state']): PodSandbox => ({
  id: `s-${uid}`,
  metadata: { name: uid, namespace: 'n', uid, attempt: 0 },
  state,
  createdAt: 1,
  labels: { [POD_UID]: uid },
  annotations: {},
});
const container = (uid: string, id: string, state: ContainerSummary['state']): ContainerSummary => ({
  id,
  sandboxId: `s-${uid}`,
  metadata: { name: 'main', attempt: 0 },
  image: 'i',
  imageRef: 'i',
  state,
  createdAt: 1,
  labels: { [POD_UID]: uid },
  annotations: {},
});

/** A relist whose turns the test takes. */
function setup(answers: () => Promise<readonly [PodSandbox[], ContainerSummary[]]>) {
  let now = 0;
  let tick = (): void => undefined;
  const clock = {
    ...systemHost.clock,
    monotonic: () => now,
    now: () => now,
    every: (_ms: number, callback: () => void) => {
      tick = callback;
      return { cancel: () => undefined };
    },
  };
  const runtime = {
    ...createFakeRuntime(),
    listPodSandboxes: async () => (await answers())[0],
    listContainers: async () => (await answers())[1],
  };
  const relist = createRelist(runtime, createKubeletMetrics(), clock);
  let heard: (changed: ReadonlySet<string>) => void = () => undefined;
  relist.start((changed) => heard(changed));
  return {
    relist,
    turn: () =>
      new Promise<string[]>((resolve) => {
        heard = (changed) => resolve([...changed].toSorted());
        now += 10_000;
        tick();
      }),
  };
}

describe('the look at everything', () => {
  it('tells of pods that changed since the last, in whatever order the runtime lists', async () => {
    let sandboxes = [sandbox('a', 'ready'), sandbox('b', 'ready')];
    let containers = [container('a', 'c1', 'running'), container('b', 'c2', 'running')];
    const { turn } = setup(() => Promise.resolve([sandboxes, containers]));
    expect(await turn()).toStrictEqual(['a', 'b']);
    sandboxes = sandboxes.toReversed();
    containers = containers.toReversed();
    expect(await turn()).toStrictEqual([]);
    containers = [container('a', 'c1', 'exited'), container('b', 'c2', 'running')];
    expect(await turn()).toStrictEqual(['a']);
    sandboxes = [sandbox('a', 'ready')];
    containers = [container('a', 'c1', 'exited')];
    expect(await turn()).toStrictEqual(['b']);
  });

  it('knows how long ago the runtime last answered, and forgets nothing while it does not', async () => {
    let dead = false;
    const { relist, turn } = setup(() => (dead ? Promise.reject(new Error('gone')) : Promise.resolve([[sandbox('a', 'ready')], []])));
    expect(await turn()).toStrictEqual(['a']);
    dead = true;
    expect(await turn()).toStrictEqual([]);
    expect(relist.listedAgoMs()).toBe(10_000);
    expect(relist.turnedAgoMs()).toBe(0);
    dead = false;
    expect(await turn()).toStrictEqual([]);
    expect(relist.listedAgoMs()).toBe(0);
  });
});
