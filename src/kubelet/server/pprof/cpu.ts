/** A CPU profile of this process, taken by V8's profiler. */
import { Session, type Profiler } from 'node:inspector/promises';
import type { Clock } from '../../../util/clock.ts';
import type { Frame, Profile, ProfileSample } from './encode.ts';

/** A sample every 10 ms, as Go takes them; in µs. */
const INTERVAL_US = 10_000;

/** Profiles for `ms`, or until the signal is aborted. */
export async function cpuProfile(ms: number, clock: Clock, signal: AbortSignal): Promise<Profile> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US });
    const timeMs = clock.now();
    await session.post('Profiler.start');
    await clock.sleep(ms, signal);
    const { profile } = await session.post('Profiler.stop');
    return {
      valueTypes: [
        { type: 'samples', unit: 'count' },
        { type: 'cpu', unit: 'nanoseconds' },
      ],
      samples: samplesOf(profile),
      timeMs,
      durationMs: (profile.endTime - profile.startTime) / 1000,
      period: { type: 'cpu', unit: 'nanoseconds', value: INTERVAL_US * 1000 },
    };
  } finally {
    session.disconnect();
  }
}

/** Frames of V8 that are no work: the process waits, or the profiler itself runs. */
const NO_WORK = new Set(['(idle)', '(program)', '(root)']);

function samplesOf(profile: Profiler.Profile): ProfileSample[] {
  const parents = new Map<number, Profiler.ProfileNode>();
  for (const node of profile.nodes) for (const child of node.children ?? []) parents.set(child, node);
  return profile.nodes.flatMap((node) => {
    const hits = node.hitCount ?? 0;
    if (hits === 0 || NO_WORK.has(node.callFrame.functionName)) return [];
    const stack: Frame[] = [];
    for (let at: Profiler.ProfileNode | undefined = node; at !== undefined; at = parents.get(at.id)) {
      if (at.callFrame.functionName !== '(root)') stack.push(frameOf(at));
    }
    return [{ stack, values: [hits, hits * INTERVAL_US * 1000] }];
  });
}

function frameOf({ callFrame }: Profiler.ProfileNode): Frame {
  return { name: callFrame.functionName || '(anonymous)', file: callFrame.url, line: Math.max(0, callFrame.lineNumber + 1) };
}
