/** A day of a full node in fast time: 500 pods whose containers end, whose probes change their minds, and a node that reports. */
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { resources } from '../../src/api/resources.ts';
import type { Pod } from '../../src/api/types.ts';
import { defaultKubeletConfiguration } from '../../src/kubelet/config.ts';
import { startTestNode } from '../../src/kubelet/testing/node.ts';
import { virtualHost } from '../../src/kubelet/testing/virtual-host.ts';
import type { SoakResult } from './result.ts';

const PODS = 500;
const MINUTE_MS = 60_000;
const SETTLE_MINUTES = 60;
/** Every so many minutes the probes change their minds. */
const FLIP_MINUTES = 20;
/** Pods that have a probe, and containers that end each hour. */
const PROBED = 100;
const ENDED = 50;
/** The heap after the first hour, in which code gets compiled, may grow by this much. */
const GROWTH = 8 * 2 ** 20;
const MIB = 2 ** 20;

/** Lets `hours` pass and looks at the heap after each. */
export async function soakStatuses(hours: number): Promise<SoakResult> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const { host, pass, timers } = virtualHost();
  let ready = true;
  const node = await startTestNode({
    host,
    config: { ...defaultKubeletConfiguration(), maxPods: PODS },
    images: ['busybox:1'],
    exec: () => ({ code: ready ? 0 : 1 }),
  });
  const wrong: string[] = [];
  const heap: number[] = [];
  let statuses = 0;
  let writes = 0;
  try {
    for (let i = 0; i < PODS; i += 1) node.api.createPod(podOf(`p${i}`, i < PROBED));
    await settled();
    // What the fakes keep is not the kubelet's.
    const forget = async (): Promise<void> => {
      statuses += node.api.history.length;
      node.api.history.length = 0;
      node.runtime.calls.length = 0;
      for (const { metadata } of node.api.objects(resources.events)) {
        writes += 1;
        await node.api.client.delete(resources.events, metadata.name ?? '', { namespace: metadata.namespace ?? '' });
      }
    };
    for (let hour = 1; hour <= hours; hour += 1) {
      for (let minute = 0; minute < 60; minute += 1) {
        if (minute % FLIP_MINUTES === 0) ready = !ready;
        await pass(MINUTE_MS);
        await forget();
      }
      const running = [...node.runtime.containers.values()].filter(({ state }) => state === 'running');
      for (let i = 0; i < ENDED; i += 1) {
        const one = running[(hour * 37 + i * 7) % running.length];
        if (one) node.runtime.exit(one.id, 1);
      }
      collect();
      heap.push(process.memoryUsage().heapUsed);
      process.stdout.write(
        `hour ${hour}: heap ${((heap.at(-1) ?? 0) / MIB).toFixed(1)} MiB, ${timers()} timers, ${node.runtime.containers.size} containers, ${statuses} statuses\n`,
      );
    }
    await settled();
    if (phases('Running') !== PODS) wrong.push(`${phases('Running')} of ${PODS} pods run at the end`);
    if (statuses < hours * ENDED) wrong.push(`only ${statuses} statuses were written`);
    const [first = 0] = heap;
    const last = heap.at(-1) ?? 0;
    if (last > first + GROWTH) wrong.push(`the heap grew from ${mib(first)} to ${mib(last)} MiB`);
    const at = (hour: number): number => mib(heap[hour - 1] ?? last);
    return { figures: { hours, statuses, events: writes, mibAt1: at(1), mibAt12: at(12), mibAt24: at(24) }, wrong };
  } finally {
    const closed = node.close();
    await pass(MINUTE_MS);
    await closed;
  }

  /** Starts write files, which takes real time. */
  async function settled(): Promise<void> {
    for (let i = 0; i < SETTLE_MINUTES * 60 && (i < 600 || phases('Running') < PODS); i += 1) {
      await pass(1000);
      await pause(2);
    }
  }

  function phases(phase: string): number {
    return (node.api.objects(resources.pods) as Pod[]).filter((pod) => pod.status?.phase === phase).length;
  }
}

const mib = (bytes: number): number => Math.round((bytes / MIB) * 10) / 10;

const podOf = (name: string, probed: boolean): Pod => ({
  metadata: { name, namespace: 'default', uid: `uid-of-${name}` },
  spec: {
    containers: [
      {
        name: 'c',
        image: 'busybox:1',
        ...(probed && { readinessProbe: { exec: { command: ['true'] }, periodSeconds: 30 } }),
      },
    ],
  },
});
