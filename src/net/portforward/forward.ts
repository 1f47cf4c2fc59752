import type { Duplex } from 'node:stream';
import type { Clock } from '../../util/clock.ts';
import { errorText } from '../../util/log.ts';

/** Opens the connection inside the pod. Rejects with the text that the client is to see. */
export type DialPort = (port: number) => Promise<Duplex>;

export interface Forwarding {
  /** The client's data stream. */
  readonly client: Duplex;
  readonly port: number;
  readonly dial: DialPort;
  /** Puts what went wrong into the words for the client. */
  readonly describe: (port: number, error: string) => string;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** How long the pod may take over the last bytes of a client that is gone, in ms. */
const GRACE = 1_000;

/**
 * Copies between a client's data stream and a connection inside the pod until both directions have ended; half-closes
 * pass. Resolves when the pod has said its last byte: with null, or with the text of what went wrong.
 */
export async function forward({ client, port, dial, describe, signal, clock }: Forwarding): Promise<string | null> {
  let pod: Duplex;
  try {
    pod = await dial(port);
  } catch (error) {
    client.resume();
    return describe(port, errorText(error));
  }
  const gone = (): void => void clock.after(GRACE, () => pod.destroy());
  if (signal.aborted) gone();
  else signal.addEventListener('abort', gone, { once: true });
  pod.once('close', () => signal.removeEventListener('abort', gone));
  return new Promise((resolve) => {
    pod.on('error', (error) => {
      client.unpipe(pod).resume();
      resolve(describe(port, error.message));
    });
    pod.once('end', () => resolve(null)).once('close', () => resolve(null));
    client.pipe(pod);
    pod.pipe(client, { end: false });
  });
}

/** The error text of containerd: the pod is named by its sandbox, and its uid is not known there. */
export function containerdError(pod: string): (port: number, error: string) => string {
  return (port, error) => `error forwarding port ${port} to pod ${pod}, uid : ${error}`;
}
