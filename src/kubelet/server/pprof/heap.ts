/** Heap profiles by V8's sampling heap profiler, whose samples lie as far apart as Go's. */
import { Session, type HeapProfiler } from 'node:inspector/promises';
import type { Clock } from '../../../util/clock.ts';
import type { Frame, Profile, ProfileSample } from './encode.ts';

/** Bytes between samples on average: Go's `MemProfileRate`. */
export const SAMPLING_INTERVAL = 512 * 1024;

export interface HeapSampler {
  /**
   * What is alive of what was allocated since sampling began, which is with the first call; looks `ms` longer.
   * With `gc` garbage is collected first.
   */
  live(ms: number, signal: AbortSignal, gc: boolean): Promise<Profile>;
  /** What is allocated within `ms`, alive or not. Sampling of what is alive begins anew after it. */
  allocated(ms: number, signal: AbortSignal): Promise<Profile>;
  close(): void;
}

export function createHeapSampler(clock: Clock): HeapSampler {
  let session: Session | undefined;
  let sampling = false;
  /** V8 has one sampler: those who ask take turns. */
  let turn: Promise<unknown> = Promise.resolve();

  async function inTurn<T>(work: (open: Session) => Promise<T>): Promise<T> {
    const before = turn;
    const mine = before
      .catch(() => undefined)
      .then(() => {
        if (session === undefined) {
          session = new Session();
          session.connect();
        }
        return work(session);
      });
    turn = mine;
    return mine;
  }

  async function start(open: Session, collected: boolean): Promise<void> {
    await open.post('HeapProfiler.startSampling', {
      samplingInterval: SAMPLING_INTERVAL,
      includeObjectsCollectedByMajorGC: collected,
      includeObjectsCollectedByMinorGC: collected,
    });
    sampling = true;
  }

  async function stop(open: Session): Promise<HeapProfiler.SamplingHeapProfile> {
    sampling = false;
    return (await open.post('HeapProfiler.stopSampling')).profile;
  }

  return {
    live: (ms, signal, gc) =>
      inTurn(async (open) => {
        if (!sampling) await start(open, false);
        await clock.sleep(ms, signal);
        if (gc) await open.post('HeapProfiler.collectGarbage');
        const { profile } = await open.post('HeapProfiler.getSamplingProfile');
        return profileOf(profile, 'inuse', clock.now());
      }),
    allocated: (ms, signal) =>
      inTurn(async (open) => {
        if (sampling) await stop(open);
        const timeMs = clock.now();
        await start(open, true);
        await clock.sleep(ms, signal);
        const profile = await stop(open);
        await start(open, false);
        return { ...profileOf(profile, 'alloc', timeMs), durationMs: ms };
      }),
    close: () => {
      session?.disconnect();
      session = undefined;
      sampling = false;
    },
  };
}

/** What V8 says beyond Node's types: which node each sample belongs to. */
type Samples = { readonly samples?: readonly { readonly nodeId: number }[] };
type Numbered = { readonly id?: number };

function profileOf({ head, samples }: HeapProfiler.SamplingHeapProfile & Samples, what: 'inuse' | 'alloc', timeMs: number): Profile {
  const objects = new Map<number, number>();
  for (const { nodeId } of samples ?? []) objects.set(nodeId, (objects.get(nodeId) ?? 0) + 1);
  const found: ProfileSample[] = [];
  const walk = (node: HeapProfiler.SamplingHeapProfileNode & Numbered, callers: readonly Frame[]): void => {
    const { functionName, url, lineNumber } = node.callFrame;
    const stack =
      functionName === '(root)'
        ? callers
        : [{ name: functionName || '(anonymous)', file: url, line: Math.max(0, lineNumber + 1) }, ...callers];
    if (node.selfSize > 0) found.push({ stack, values: [objects.get(node.id ?? 0) ?? 1, node.selfSize] });
    for (const child of node.children) walk(child, stack);
  };
  walk(head, []);
  return {
    valueTypes: [
      { type: `${what}_objects`, unit: 'count' },
      { type: `${what}_space`, unit: 'bytes' },
    ],
    samples: found,
    timeMs,
    period: { type: 'space', unit: 'bytes', value: SAMPLING_INTERVAL },
    shownFirst: `${what}_space`,
  };
}

/** The text form, `?debug=1`. */
export function heapText({ samples }: Profile): string {
  const sum = (at: number): number => samples.reduce((total, { values }) => total + (values[at] ?? 0), 0);
  const counts = (objects: number, bytes: number): string => `${objects}: ${bytes} [${objects}: ${bytes}] @`;
  const parts = samples.map(({ stack, values: [objects = 0, bytes = 0] }) => {
    const frames = stack.map(({ name, file, line }) => `#\t${name}\t${file}:${line}\n`).join('');
    return `${counts(objects, bytes)}\n${frames}\n`;
  });
  return `heap profile: ${counts(sum(0), sum(1))} heap/${SAMPLING_INTERVAL * 2}\n${parts.join('')}`;
}
