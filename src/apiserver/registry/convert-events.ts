/** One Event in two versions: core/v1 as stored, events.k8s.io/v1 (pkg/apis/events/v1/conversion.go). */
import type { KubeObject } from '../../api/types.ts';

/** Pairs of names for one field: core/v1, events.k8s.io/v1. */
const RENAMED: readonly (readonly [core: string, events: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['reportingComponent', 'reportingController'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
];

/** The events.k8s.io/v1 form of a stored event. */
export function eventFromCore(event: KubeObject): KubeObject {
  return { ...rename(event, new Map(RENAMED)), apiVersion: 'events.k8s.io/v1', kind: 'Event' };
}

/** The core/v1 form of an events.k8s.io/v1 event. */
export function eventToCore(event: KubeObject): KubeObject {
  return { ...rename(event, new Map(RENAMED.map(([core, events]) => [events, core]))), apiVersion: 'v1', kind: 'Event' };
}

function rename(event: KubeObject, names: ReadonlyMap<string, string>): KubeObject {
  const { metadata, ...rest } = event;
  const renamed: KubeObject = { metadata };
  for (const [field, value] of Object.entries(rest)) renamed[names.get(field) ?? field] = value;
  return renamed;
}
