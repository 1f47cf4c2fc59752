/** Kills nodelet, or the container runtime under it, at random moments while pods come and go, and looks at what is left. */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { createKubeClient } from '../../src/client/rest-client.ts';
import { startContainerd } from '../support/containerd.ts';
import { startTestNode, type TestNode } from '../support/node.ts';
import { until } from '../support/until.ts';
import { machineOf } from './leftovers.ts';
import { startChurn, steadyPods } from './pod-load.ts';
import type { SoakResult } from './result.ts';

const STEADY = 4;
/** A kill comes within this time after a start: during it, or when all is well. */
const MOMENT_MS = 6_000;
/** Containerd is away for as long as this. */
const AWAY_MS = 2_000;
/** Every how many kills the node may come up in peace and is looked at. */
const LOOK_EVERY = 5;
const LEFT_MS = 120_000;
const AFTER_MS = 20_000;
const ENOUGH_WRONG = 20;

interface Victim {
  readonly node: TestNode;
  readonly image: string;
  /** Socket of the node's containerd, where it has one. */
  readonly socket: string | undefined;
  readonly killsRuntime: boolean;
  /** Kills once and starts again; resolves when it may be killed again. */
  readonly kill: () => Promise<void>;
  /** Resolves when all is up. */
  readonly up: () => Promise<void>;
}

async function soak(count: number, { node, image, socket, killsRuntime, kill, up }: Victim): Promise<SoakResult> {
  const wrong: string[] = [];
  const client = createKubeClient(await loadKubeconfig(join(node.dataDir, 'kubeconfig')));
  try {
    const machine = machineOf(node, socket);
    const before = machine.things();
    const steady = await steadyPods(client, machine, image, STEADY);
    const churn = startChurn(client, image, wrong, killsRuntime);
    let kills = 0;
    let told = 0;
    while (kills < count && wrong.length < ENOUGH_WRONG) {
      await kill();
      kills += 1;
      if (kills % LOOK_EVERY !== 0) continue;
      await up();
      wrong.push(...(await steady.changed()));
      const fresh = wrong.slice(told).map((line) => `  ${new Date().toISOString()} ${line}\n`);
      told = wrong.length;
      process.stdout.write(`${kills} of ${count}: ${churn.counts.made} pods, ${wrong.length} wrong\n${fresh.join('')}`);
    }
    await up();
    await churn.stop();
    wrong.push(...(await steady.changed()));
    await steady.remove();
    const left = (): string[] => [...machine.things()].filter((thing) => !before.has(thing));
    const ofPods = (): boolean => left().some((thing) => /^(cgroup|directory|memory|container) /.test(thing));
    // The node cleans up every minute. What it keeps ready for the next pods goes with the node itself.
    await until('the pods to leave nothing', () => !ofPods(), LEFT_MS).catch(() => undefined);
    await node.kill('SIGTERM');
    await until('nothing to be left', () => left().length === 0, AFTER_MS).catch(() =>
      wrong.push(...left().map((thing) => `left: ${thing}`)),
    );
    return { figures: { kills, ...churn.counts, steady: STEADY }, wrong };
  } finally {
    client.close();
  }
}

/** kill -9 of nodelet; `endpoint` is a container runtime to use, the embedded one without. */
export async function soakNode(count: number, endpoint?: string): Promise<SoakResult> {
  const node = await startTestNode(endpoint === undefined ? [] : [`--container-runtime-endpoint=${endpoint}`]);
  let starting: Promise<void> = Promise.resolve();
  const start = (): void => {
    starting = node.start();
    // Killed while it starts, it does not come up.
    starting.catch(() => undefined);
  };
  try {
    return await soak(count, {
      node,
      image: endpoint === undefined ? 'host' : 'busybox:1.36',
      socket: endpoint?.replace('unix://', ''),
      killsRuntime: false,
      async kill() {
        await pause(randomInt(MOMENT_MS));
        await node.kill('SIGKILL');
        await starting.catch(() => undefined);
        start();
      },
      up: () => starting,
    });
  } finally {
    await starting.catch(() => undefined);
    await node.destroy();
  }
}

/** kill -9 of a containerd of its own. */
export async function soakContainerd(count: number): Promise<SoakResult> {
  const containerd = await startContainerd();
  try {
    const node = await startTestNode([`--container-runtime-endpoint=${containerd.endpoint}`]);
    try {
      return await soak(count, {
        node,
        image: 'busybox:1.36',
        socket: containerd.endpoint.replace('unix://', ''),
        killsRuntime: true,
        async kill() {
          await pause(randomInt(MOMENT_MS));
          await containerd.kill('SIGKILL');
          await pause(randomInt(AWAY_MS));
          await containerd.start();
        },
        async up() {
          const ready = ['get', 'node', node.nodeName, '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'];
          await until('the node to be ready', async () => (await node.ok(...ready)) === 'True', LEFT_MS);
        },
      });
    } finally {
      await node.destroy();
    }
  } finally {
    await containerd.destroy();
  }
}
