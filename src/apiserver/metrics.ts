/** The server's own figures in Prometheus' text form. */
import { resourceDefinitions } from '../api/resources.ts';
import { qualifiedResource } from '../api/status.ts';
import type { Clock } from '../util/clock.ts';
import type { Store } from './store/store.ts';

/** The metrics of one scrape. */
export function exposition(store: Store, clock: Clock): string {
  const started = clock.now() / 1000 - clock.monotonic() / 1000;
  const lines = [
    '# HELP apiserver_storage_objects [STABLE] Number of stored objects at the time of last check split by kind.',
    '# TYPE apiserver_storage_objects gauge',
    ...[...new Set(resourceDefinitions.filter((of) => of.verbs.includes('watch')).map(qualifiedResource))]
      .sort()
      .map((resource) => `apiserver_storage_objects{resource="${resource}"} ${store.list(resource, '').length}`),
    '# HELP process_start_time_seconds [STABLE] Start time of the process since unix epoch in seconds.',
    '# TYPE process_start_time_seconds gauge',
    `process_start_time_seconds ${started}`,
    '# HELP process_resident_memory_bytes Resident memory size in bytes.',
    '# TYPE process_resident_memory_bytes gauge',
    `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
  ];
  return `${lines.join('\n')}\n`;
}
