import type { TypeTable } from './record.ts';

/** The types of package events/v1. */
export const eventsV1 = {
  'events/v1.Event': {
    gvk: [{ group: 'events.k8s.io', version: 'v1', kind: 'Event' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      eventTime: { type: 'microTime', tag: 2, required: true },
      series: { type: 'events/v1.EventSeries', tag: 3 },
      reportingController: { type: 'string', tag: 4 },
      reportingInstance: { type: 'string', tag: 5 },
      action: { type: 'string', tag: 6 },
      reason: { type: 'string', tag: 7 },
      regarding: { type: 'core/v1.ObjectReference', tag: 8, written: true },
      related: { type: 'core/v1.ObjectReference', tag: 9 },
      note: { type: 'string', tag: 10 },
      type: { type: 'string', tag: 11 },
      deprecatedSource: { type: 'core/v1.EventSource', tag: 12, written: true },
      deprecatedFirstTimestamp: { type: 'time', tag: 13, written: true },
      deprecatedLastTimestamp: { type: 'time', tag: 14, written: true },
      deprecatedCount: { type: 'int32', tag: 15 },
    },
  },
  'events/v1.EventSeries': {
    fields: {
      count: { type: 'int32', tag: 1, required: true },
      lastObservedTime: { type: 'microTime', tag: 2, required: true },
    },
  },
} as const satisfies TypeTable;
