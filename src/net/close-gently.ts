import type { Duplex } from 'node:stream';

/** How long a peer may take to close its side after ours has been flushed, in ms. */
const LINGER = 30_000;

/**
 * Ends a transport so that everything written arrives: flushes, says FIN, reads and drops until the peer closes too.
 * Destroying a socket over unread input would reset it, and could take output in flight with it.
 */
export function closeGently(transport: Duplex, lingerMs = LINGER): Promise<void> {
  if (transport.destroyed || transport.closed) return Promise.resolve();
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const peerEnded = (): void => {
      if (transport.writableFinished) transport.destroy();
    };
    transport.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    transport.on('end', peerEnded);
    transport.on('error', () => transport.destroy());
    transport.end(() => {
      timer = setTimeout(() => transport.destroy(), lingerMs).unref();
      if (transport.readableEnded) transport.destroy();
    });
    transport.on('data', () => undefined).resume();
  });
}
