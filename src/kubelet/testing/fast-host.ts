/** This machine with a clock that runs faster: what takes minutes can be watched. */
import { systemClock } from '../../util/clock.ts';
import { systemHost, type Host } from '../../util/host.ts';

export function fastHost(factor: number): Host {
  const start = systemClock.now();
  const first = systemClock.monotonic();
  return {
    ...systemHost,
    clock: {
      now: () => start + (systemClock.monotonic() - first) * factor,
      monotonic: () => (systemClock.monotonic() - first) * factor,
      after: (ms, callback) => systemClock.after(ms / factor, callback),
      every: (ms, callback) => systemClock.every(ms / factor, callback),
      sleep: (ms, signal) => systemClock.sleep(ms / factor, signal),
    },
  };
}
