/** How a server is reached: TLS, credentials, and one request at a time over kept-alive connections. */
import { readFileSync } from 'node:fs';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { createSecureContext } from 'node:tls';

/** A client certificate with its chain and its key: PEM texts. */
export interface ClientIdentity {
  readonly cert: string;
  readonly key: string;
}

/** Where a server is and who asks. PEM texts, not paths. */
export interface Connection {
  /** `https://HOST:PORT`, perhaps with a path prefix. */
  readonly server: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The client certificate of the moment, in place of `cert` and `key`: one that is renewed. Connections end with the pair that made them. */
  readonly identity?: () => ClientIdentity | undefined;
  readonly token?: string;
  /** Read again when a minute old, so that a rotated token is used. */
  readonly tokenFile?: string;
  readonly insecureSkipVerify?: boolean;
  /** The name to verify the server's certificate against, when it is not the URL's host. */
  readonly serverName?: string;
  readonly userAgent?: string;
}

/** One request that was sent and how it went; without `status` there was no answer, without `receivedBytes` it went on for long. */
export interface SentRequest {
  readonly method: string;
  readonly status: number | undefined;
  readonly seconds: number;
  readonly sentBytes: number;
  readonly receivedBytes: number | undefined;
}

export type RequestObserver = (sent: SentRequest) => void;

export interface Outgoing {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly signal?: AbortSignal;
  /** The answer goes on for long: it gets a connection of its own. */
  readonly streams?: boolean;
}

export interface Transport {
  /** Resolves with the answer's head; the body is the stream. Rejects when there is no answer. */
  send(request: Outgoing): Promise<IncomingMessage>;
  close(): void;
}

const TOKEN_MAX_AGE_MS = 60_000;
const DEFAULT_USER_AGENT = 'nodelet';
/** Connections for requests that are answered at once; more of these wait for their turn: a handshake costs more than a short wait. */
const MAX_CONNECTIONS = 8;

/** Opens a transport; nothing is connected before the first request. */
export function openTransport(connection: Connection): Transport {
  const base = new URL(connection.server);
  const secure = base.protocol === 'https:';
  // Opened by the first request, so that a certificate that cannot be read is that request's error.
  const agents = new Map<number, HttpAgent>();
  let identity = connection.identity?.();
  const agentFor = (maxSockets: number): HttpAgent => {
    const newest = connection.identity?.();
    if (newest !== identity) {
      identity = newest;
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
    }
    const agent = agents.get(maxSockets) ?? openAgent({ ...connection, ...identity }, secure, maxSockets);
    agents.set(maxSockets, agent);
    return agent;
  };
  const bearer = bearerOf(connection);
  const prefix = base.pathname.replace(/\/$/, '');
  const send = (outgoing: Outgoing): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const token = bearer();
      const request = (secure ? httpsRequest : httpRequest)({
        host: base.hostname.replace(/^\[|\]$/g, ''),
        port: base.port === '' ? (secure ? 443 : 80) : Number(base.port),
        agent: agentFor(outgoing.streams === true ? Infinity : MAX_CONNECTIONS),
        method: outgoing.method,
        path: prefix + outgoing.path,
        headers: {
          'user-agent': connection.userAgent ?? DEFAULT_USER_AGENT,
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(outgoing.body !== undefined && { 'content-length': String(Buffer.byteLength(outgoing.body)) }),
          ...outgoing.headers,
        },
        ...(outgoing.signal && { signal: outgoing.signal }),
      });
      // Node leaves Nagle's delay on for TLS clients.
      request.setNoDelay(true);
      request.on('response', resolve);
      request.on('error', reject);
      request.end(outgoing.body);
    });
  return {
    send,
    close() {
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

function openAgent(connection: Connection, secure: boolean, maxSockets: number): HttpAgent {
  if (!secure) return new HttpAgent({ keepAlive: true, maxSockets });
  const { ca, cert, key, serverName } = connection;
  return new HttpsAgent({
    keepAlive: true,
    maxSockets,
    // Made once: as options they would be read for each connection, and compared for each request.
    secureContext: createSecureContext({
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    }),
    ...(serverName !== undefined && { servername: serverName }),
    rejectUnauthorized: connection.insecureSkipVerify !== true,
  });
}

function bearerOf(connection: Connection): () => string | undefined {
  if (connection.token !== undefined) return () => connection.token;
  const file = connection.tokenFile;
  if (file === undefined) return () => undefined;
  let kept: { token: string; at: number } | undefined;
  return () => {
    if (kept === undefined || Date.now() - kept.at > TOKEN_MAX_AGE_MS) kept = { token: readFileSync(file, 'utf8').trim(), at: Date.now() };
    return kept.token;
  };
}

/** Bytes of an answer that is read whole. */
const MAX_ANSWER_BYTES = 256 << 20;

/** The whole body. Rejects when it breaks off, and when it is longer than any answer should be. */
export async function readAnswer(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
