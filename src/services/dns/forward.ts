/** Questions that the zone does not answer go to the machine's own name servers (CoreDNS plugin `forward`). */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { Clock } from '../../util/clock.ts';
import { readMessages, writeMessage } from './framing.ts';

export interface ForwardOptions {
  /** Addresses of name servers, in the order in which they are asked; read anew for each question. */
  readonly upstreams: () => Promise<readonly string[]>;
  readonly port?: number;
  readonly clock: Clock;
}

/** Asks the name servers one after the other, twice; resolves undefined when none answers, or too many questions are under way. */
export type Forward = (query: Buffer, transport: 'udp' | 'tcp') => Promise<Buffer | undefined>;

const PORT = 53;
const TIMEOUT_MS = 2_000;
const ROUNDS = 2;
const MAX_IN_FLIGHT = 1_000;
const HEADER_BYTES = 12;
const MAX_ID = 0x1_00_00;

export function forwarder({ upstreams, port = PORT, clock }: ForwardOptions): Forward {
  let inFlight = 0;
  const ask = { udp: askByUdp, tcp: askByTcp };
  return async (query, transport) => {
    if (inFlight >= MAX_IN_FLIGHT || query.length < HEADER_BYTES) return undefined;
    inFlight += 1;
    try {
      const servers = await upstreams();
      for (let round = 0; round < ROUNDS; round++)
        for (const server of servers) {
          const answer = await ask[transport](withId(query, randomInt(MAX_ID)), server, port, clock);
          if (answer !== undefined) return withId(answer, query.readUInt16BE(0));
        }
      return undefined;
    } finally {
      inFlight -= 1;
    }
  };
}

function withId(message: Buffer, id: number): Buffer {
  const copy = Buffer.from(message);
  copy.writeUInt16BE(id, 0);
  return copy;
}

/** Whether this is the answer to that question: from a stranger it would be neither. */
function answers(message: Buffer, query: Buffer): boolean {
  return message.length >= HEADER_BYTES && message.readUInt16BE(0) === query.readUInt16BE(0) && (message.readUInt8(2) & 0x80) !== 0;
}

function askByUdp(query: Buffer, server: string, port: number, clock: Clock): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    // A socket of its own, connected: the port is random and only this server is heard.
    const socket = createSocket(isIPv6(server) ? 'udp6' : 'udp4');
    const done = (answer?: Buffer): void => {
      timer.cancel();
      socket.removeAllListeners('error').on('error', () => undefined);
      socket.close();
      resolve(answer);
    };
    const timer = clock.after(TIMEOUT_MS, () => done());
    socket.once('error', () => done());
    socket.on('message', (message) => {
      if (answers(message, query)) done(message);
    });
    socket.connect(port, server, () => socket.send(query));
  });
}

function askByTcp(query: Buffer, server: string, port: number, clock: Clock): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: server, port });
    const done = (answer?: Buffer): void => {
      timer.cancel();
      socket.destroy();
      resolve(answer);
    };
    const timer = clock.after(TIMEOUT_MS, () => done());
    socket.once('error', () => done()).once('close', () => done());
    socket.on('connect', () => writeMessage(socket, query));
    readMessages(socket, (message) => {
      if (answers(message, query)) done(message);
    });
  });
}
