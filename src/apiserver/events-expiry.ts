/** Events are forgotten an hour after they were last written (kube-apiserver `--event-ttl`). */
import { resources } from '../api/resources.ts';
import { hasReason } from '../api/status.ts';
import { parseTime } from '../api/time.ts';
import type { Event } from '../api/types.ts';
import { errorText, type Logger } from '../util/log.ts';
import type { Core } from './registry/core.ts';
import { deleteObject } from './registry/delete.ts';
import { INTERNAL } from './registry/write.ts';

/** In ms. */
const TIMES = { live: 3_600_000, lookEvery: 60_000 } as const;

/** Starts to delete old events. Returns the way to stop. */
export function startEventsExpiry(core: Core, log: Logger): () => void {
  const look = async (): Promise<void> => {
    const oldest = core.clock.now() - TIMES.live;
    for (const event of core.objects.list(resources.events)) {
      if (lastWritten(event) > oldest) continue;
      const { name, namespace = '', uid } = event.metadata;
      try {
        await deleteObject(core, { definition: resources.events, namespace, name, subresource: '' }, { uid }, INTERNAL);
      } catch (error) {
        if (!hasReason(error, 'NotFound')) log.warn('An event cannot be forgotten', { name, error: errorText(error) });
      }
    }
  };
  const timer = core.clock.every(TIMES.lookEvery, () => void look());
  return () => timer.cancel();
}

function lastWritten(event: Event): number {
  const times = [
    event.metadata.creationTimestamp,
    event.lastTimestamp,
    event.eventTime,
    event.series?.lastObservedTime,
    ...(event.metadata.managedFields ?? []).map((entry) => entry.time),
  ];
  return Math.max(...times.map((time) => (time === undefined || time === null ? 0 : parseTime(time))));
}
