/** The cluster's DNS server on UDP and TCP: Services from the API, everything else from the machine's name servers. */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { resources } from '../../api/resources.ts';
import type { KubeClient } from '../../client/kube-client.ts';
import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/log.ts';
import { respond, type Resolver } from './answer.ts';
import { forwarder } from './forward.ts';
import { readMessages, writeMessage } from './framing.ts';

export interface ClusterDnsOptions {
  /** Reads Services and Endpoints; not closed here. */
  readonly client: KubeClient;
  readonly address: string;
  /** 53; 0 takes a free one. */
  readonly port: number;
  /** `cluster.local`. */
  readonly domain: string;
  /** The machine's name servers, asked for other names; this server's own address is left out. */
  readonly upstreams: () => Promise<readonly string[]>;
  readonly upstreamPort?: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface ClusterDns {
  readonly port: number;
  /** Resolves when Services and endpoints have been read. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

const IDLE_MS = 10_000;
const MAX_CONNECTIONS = 200;
/** Queries of one connection that are answered at a time. */
const MAX_PIPELINED = 32;

/** Listens; rejects with the socket's error when the port is taken. */
export async function startClusterDns(options: ClusterDnsOptions): Promise<ClusterDns> {
  const { client, address, clock } = options;
  const log = options.log.scope('dns');
  const domain = options.domain.toLowerCase().replace(/\.$/, '');
  const tcp = createServer();
  const port = await listenTcp(tcp, address, options.port);
  const udp = createSocket('udp4');
  try {
    udp.bind(port, address);
    await once(udp, 'listening');
  } catch (error) {
    tcp.close();
    throw error;
  }

  const services = client.inform(resources.services, {}, { failed: (error) => log.v(2, 'Could not read Services', { error }) });
  const endpoints = client.inform(resources.endpoints, {}, { failed: (error) => log.v(2, 'Could not read Endpoints', { error }) });
  let synced = false;
  const ready = (async () => {
    await Promise.all([services.synced, endpoints.synced]);
    synced = true;
  })();
  const resolver: Resolver = {
    domain,
    zone: () => (synced ? { domain, address, services: services.items, endpoints: endpoints.items, now: clock.now() } : undefined),
    forward: forwarder({
      upstreams: async () => (await options.upstreams()).filter((server) => server !== address),
      ...(options.upstreamPort !== undefined && { port: options.upstreamPort }),
      clock,
    }),
  };
  udp.on('error', (error) => log.error('The UDP socket failed', { error }));
  tcp.on('error', (error) => log.error('The TCP socket failed', { error }));
  serveUdp(udp, resolver);
  const connections = serveTcp(tcp, resolver);
  log.v(1, 'Answering', { address, port, domain });
  return {
    port,
    ready,
    close: async () => {
      services.stop();
      endpoints.stop();
      udp.close();
      for (const socket of connections) socket.destroy();
      tcp.close();
      await once(tcp, 'close');
    },
  };
}

async function listenTcp(server: Server, host: string, port: number): Promise<number> {
  server.listen({ host, port });
  await once(server, 'listening');
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : port;
}

function serveUdp(udp: UdpSocket, resolver: Resolver): void {
  const reply = async (message: Buffer, from: RemoteInfo): Promise<void> => {
    const answer = await respond(resolver, message, 'udp');
    // An answer that cannot be sent is not missed: UDP has no way to tell.
    if (answer !== undefined) udp.send(answer, from.port, from.address, () => undefined);
  };
  udp.on('message', (message, from) => void reply(message, from));
}

function serveTcp(server: Server, resolver: Resolver): ReadonlySet<Socket> {
  const connections = new Set<Socket>();
  server.maxConnections = MAX_CONNECTIONS;
  server.on('connection', (socket) => {
    let open = 0;
    const reply = async (message: Buffer): Promise<void> => {
      open += 1;
      if (open >= MAX_PIPELINED) socket.pause();
      const answer = await respond(resolver, message, 'tcp');
      open -= 1;
      socket.resume();
      if (answer === undefined) socket.destroy();
      else writeMessage(socket, answer);
    };
    connections.add(socket);
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy()).on('close', () => connections.delete(socket));
    readMessages(socket, (message) => void reply(message));
  });
  return connections;
}
