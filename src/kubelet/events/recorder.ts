/** Events about pods and the node, sent to the API server (client-go `tools/record`): repeats are counted, floods are dropped. */
import { goTime } from '../../api/time.ts';
import { hasReason } from '../../api/status.ts';
import { resources } from '../../api/resources.ts';
import type { Event, ObjectReference } from '../../api/types.ts';
import type { KubeClient } from '../../client/kube-client.ts';
import type { Clock } from '../../util/clock.ts';
import { errorText, type Logger } from '../../util/log.ts';
import { isStatic, MIRROR_ANNOTATION, containerFieldPath, type NodePod, type PodContainer } from '../pods/pod.ts';

export type EventType = 'Normal' | 'Warning';

export interface EventRecorder {
  event(about: ObjectReference, type: EventType, reason: string, message: string): void;
  pod(pod: NodePod, type: EventType, reason: string, message: string, annotations?: Readonly<Record<string, string>>): void;
  container(pod: NodePod, target: PodContainer, type: EventType, reason: string, message: string): void;
  /** Sends what was recorded so far without delay; resolves when it is sent or given up. */
  flush(): Promise<void>;
}

export interface RecorderOptions {
  readonly client: KubeClient | undefined;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How long an event waits before it is sent, so that it does not hold up the start of the container that it tells of. */
const DELAY_MS = 100;
/** Events that wait to be sent; more are dropped and logged. */
const MAX_WAITING = 1000;
/** Events whose repeats are counted. */
const MAX_KNOWN = 4096;
/** An object may send this many at once, and one more every so often. */
const BURST = 25;
const REFILL_MS = 300_000;
/** Events that differ in their message alone and come this often are told as one. */
const SIMILAR_LIMIT = 10;
const SIMILAR_WINDOW_MS = 600_000;

interface Known {
  readonly name: string;
  count: number;
  first: string;
}

export function createEventRecorder({ client, nodeName, clock, log }: RecorderOptions): EventRecorder {
  const known = new Map<string, Known>();
  const similar = new Map<string, { messages: Set<string>; last: number }>();
  const budgets = new Map<string, { tokens: number; at: number }>();
  let waiting = 0;
  let sending: Promise<void> = Promise.resolve();
  let delay: Promise<void> = Promise.resolve();
  const hurry = new AbortController();
  let serial = 0;

  function allowed(object: string): boolean {
    const now = clock.now();
    const budget = budgets.get(object) ?? { tokens: BURST, at: now };
    budget.tokens = Math.min(BURST, budget.tokens + (now - budget.at) / REFILL_MS);
    budget.at = now;
    remember(budgets, object, budget);
    if (budget.tokens < 1) return false;
    budget.tokens--;
    return true;
  }

  function aggregated(key: string, message: string): { key: string; message: string } {
    const now = clock.now();
    const group = similar.get(key);
    const fresh = group && now - group.last <= SIMILAR_WINDOW_MS ? group : { messages: new Set<string>(), last: now };
    fresh.last = now;
    fresh.messages.add(message);
    remember(similar, key, fresh);
    if (fresh.messages.size <= SIMILAR_LIMIT) return { key: `${key}\n${message}`, message };
    fresh.messages.delete(fresh.messages.values().next().value ?? '');
    return { key, message: `(combined from similar events): ${message}` };
  }

  function record(
    about: ObjectReference,
    type: EventType,
    reason: string,
    text: string,
    annotations?: Readonly<Record<string, string>>,
  ): void {
    log.v(1, 'Event occurred', {
      object: `${about.namespace ?? ''}/${about.name ?? ''}`,
      fieldPath: about.fieldPath ?? '',
      type,
      reason,
      message: text,
    });
    if (client === undefined) return;
    const object = [about.kind, about.namespace, about.name, about.uid].join('/');
    const { key, message } = aggregated([object, about.fieldPath, type, reason].join('\n'), text);
    if (!allowed(object)) return;
    if (waiting >= MAX_WAITING) return log.warn('Too many events wait to be sent; one is dropped', { reason, object });
    waiting++;
    const at = goTime(clock.now());
    // A little later: what the event tells of goes first.
    if (waiting === 1) delay = clock.sleep(DELAY_MS, hurry.signal);
    sending = Promise.all([sending, delay])
      .then(() => send(client, about, type, reason, message, key, at, annotations))
      .catch((error: unknown) => log.warn('Event could not be sent', { reason, object, err: errorText(error) }))
      .finally(() => waiting--);
  }

  async function send(
    to: KubeClient,
    about: ObjectReference,
    type: EventType,
    reason: string,
    message: string,
    key: string,
    at: string,
    annotations?: Readonly<Record<string, string>>,
  ): Promise<void> {
    const namespace = about.namespace === undefined || about.namespace === '' ? 'default' : about.namespace;
    const before = known.get(key);
    if (before) {
      const count = before.count + 1;
      try {
        await to.patch(resources.events, before.name, 'strategic', { count, lastTimestamp: at, message }, { namespace });
        before.count = count;
        return;
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
        known.delete(key);
      }
    }
    // Names end in the time in nanoseconds; the serial number keeps two of one millisecond apart.
    serial = (serial + 1) % 1_000_000;
    const name = `${about.name ?? ''}.${(BigInt(Math.floor(clock.now())) * 1_000_000n + BigInt(serial)).toString(16)}`;
    const event: Event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace, ...(annotations && { annotations }) },
      involvedObject: about,
      reason,
      message,
      source: { component: 'kubelet', host: nodeName },
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
      type,
      reportingComponent: 'kubelet',
      reportingInstance: nodeName,
    };
    await to.create(resources.events, event, { namespace });
    remember(known, key, { name, count: 1, first: at });
  }

  return {
    event: record,
    pod: (pod, type, reason, message, annotations) => record(podReference(pod), type, reason, message, annotations),
    container: (pod, target, type, reason, message) =>
      record({ ...podReference(pod), fieldPath: containerFieldPath(target) }, type, reason, message),
    flush: () => {
      hurry.abort();
      return sending;
    },
  };
}

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MAX_KNOWN) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

function podReference(pod: NodePod): ObjectReference {
  const { name, namespace, uid, resourceVersion, annotations } = pod.metadata;
  return {
    kind: 'Pod',
    namespace,
    name,
    uid: isStatic(pod) ? (annotations?.[MIRROR_ANNOTATION] ?? uid) : uid,
    apiVersion: 'v1',
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
}
