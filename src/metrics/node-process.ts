/** What Node.js says of itself, in the families that prom-client made usual for Node programs. */
import { constants, createHistogram, PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks';
import { getHeapSpaceStatistics } from 'node:v8';
import type { Clock } from '../util/clock.ts';
import { byKey, collected, computed, histogram, labelText, type MetricFamily } from './family.ts';

type NodeGCEntry = PerformanceEntry & { readonly detail?: { readonly kind?: number } };

export interface NodeProcessMetrics {
  readonly families: readonly MetricFamily[];
  close(): void;
}

/** Between looks at the event loop. The histogram that Node.js offers for it wakes the process 50 times a second. */
const LOOP_EVERY_MS = 500;
const NS_PER_MS = 1e6;
const GC_BUCKETS = [0.001, 0.01, 0.1, 1, 2, 5];
const GC_KINDS: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
]);

/** Starts to watch this process's collector and event loop; close it when nobody asks any more. */
export function startNodeProcessMetrics(clock: Clock): NodeProcessMetrics {
  const gc = histogram({
    name: 'nodejs_gc_duration_seconds',
    help: 'Garbage collection duration by kind, one of major, minor, incremental or weakcb.',
    labels: ['kind'],
    buckets: GC_BUCKETS,
  });
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as NodeGCEntry[]) {
      const { duration, detail } = entry;
      const kind = GC_KINDS.get(detail?.kind ?? -1);
      if (kind !== undefined) gc.observe(duration / 1000, [kind]);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  const loop = createHistogram();
  let due = clock.monotonic() + LOOP_EVERY_MS;
  const looks = clock.every(LOOP_EVERY_MS, () => {
    const now = clock.monotonic();
    loop.record(Math.max(1, Math.round((now - due) * NS_PER_MS)));
    due = now + LOOP_EVERY_MS;
  });
  const lag = (name: string, help: string, nanoseconds: () => number): MetricFamily =>
    collected('gauge', `nodejs_eventloop_lag_${name}seconds`, help, (write) => {
      const value = nanoseconds();
      if (Number.isFinite(value)) write('', '', value / 1e9);
    });
  return {
    families: [
      gc,
      lag('mean_', 'The mean of the recorded event loop delays.', () => loop.mean),
      lag('stddev_', 'The standard deviation of the recorded event loop delays.', () => loop.stddev),
      lag('p50_', 'The 50th percentile of the recorded event loop delays.', () => loop.percentile(50)),
      lag('p90_', 'The 90th percentile of the recorded event loop delays.', () => loop.percentile(90)),
      lag('p99_', 'The 99th percentile of the recorded event loop delays.', () => loop.percentile(99)),
      lag('max_', 'The maximum recorded event loop delay.', () => loop.max),
      collected('gauge', 'nodejs_active_resources', 'Number of active resources that keep the event loop alive, by type.', (write) => {
        const counts = new Map<string, number>();
        for (const type of process.getActiveResourcesInfo()) counts.set(type, (counts.get(type) ?? 0) + 1);
        for (const [type, count] of byKey(counts)) write('', labelText(['type'], [type]), count);
      }),
      computed('gauge', 'nodejs_heap_size_total_bytes', 'Process heap size from Node.js in bytes.', () => process.memoryUsage().heapTotal),
      computed(
        'gauge',
        'nodejs_heap_size_used_bytes',
        'Process heap size used from Node.js in bytes.',
        () => process.memoryUsage().heapUsed,
      ),
      computed('gauge', 'nodejs_external_memory_bytes', 'Node.js external memory size in bytes.', () => process.memoryUsage().external),
      ...(['total', 'used', 'available'] as const).map((what) => heapSpaces(what)),
      collected('gauge', 'nodejs_version_info', 'Node.js version info.', (write) => {
        const [major = '', minor = '', patch = ''] = process.versions.node.split('.');
        write('', labelText(['version', 'major', 'minor', 'patch'], [process.version, major, minor, patch]), 1);
      }),
    ],
    close() {
      observer.disconnect();
      looks.cancel();
    },
  };
}

function heapSpaces(what: 'total' | 'used' | 'available'): MetricFamily {
  const field = { total: 'space_size', used: 'space_used_size', available: 'space_available_size' } as const;
  return collected('gauge', `nodejs_heap_space_size_${what}_bytes`, `Process heap space size ${what} from Node.js in bytes.`, (write) => {
    const spaces = getHeapSpaceStatistics().map((space): [string, number] => [space.space_name.replace(/_space$/, ''), space[field[what]]]);
    for (const [space, bytes] of spaces.sort(([a], [b]) => (a < b ? -1 : 1))) write('', labelText(['space'], [space]), bytes);
  });
}
