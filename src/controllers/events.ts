/** Events of controllers, in the newer form with eventTime (client-go `tools/events`). */
import { randomBytes } from 'node:crypto';
import { resources } from '../api/resources.ts';
import { errorText } from '../util/log.ts';
import type { ControllerContext } from './controller.ts';

export interface ControllerEvent {
  readonly object: {
    readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid: string; readonly resourceVersion: string };
  };
  readonly kind: string;
  readonly component: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly action: string;
}

/** Longest message that the API takes. */
const MAX_MESSAGE = 1024;

/** Writes an event. Never rejects: an event that cannot be written is a line of the log. */
export async function recordEvent({ client, clock, log }: ControllerContext, event: ControllerEvent): Promise<void> {
  const { name, namespace = 'default', uid, resourceVersion } = event.object.metadata;
  const now = new Date(clock.now()).toISOString().replace('Z', '000Z');
  try {
    await client.create(resources.events, {
      metadata: { name: `${name}.${eventSuffix(clock.now())}`, namespace },
      involvedObject: { kind: event.kind, namespace, name, uid, apiVersion: 'v1', resourceVersion },
      reason: event.reason,
      message: event.message.slice(0, MAX_MESSAGE),
      source: {},
      type: event.type,
      eventTime: now,
      action: event.action,
      reportingComponent: event.component,
      reportingInstance: `${event.component}-nodelet`,
    });
  } catch (error) {
    log.v(2, 'Could not write an event', { reason: event.reason, object: `${namespace}/${name}`, error: errorText(error) });
  }
}

/** Sixteen hex digits like the nanoseconds that the original uses, unique within a millisecond too. */
function eventSuffix(now: number): string {
  return (BigInt(now) * 1_000_000n + BigInt(randomBytes(3).readUIntBE(0, 3) % 1_000_000)).toString(16).padStart(16, '0');
}
