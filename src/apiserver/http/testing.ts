/** An API server for tests: plain HTTP on a free port, everybody is an administrator, in a directory that goes away. */
import { mkdtempSync, rmSync } from 'node:fs';
import { get, request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../util/clock.ts';
import { silentLogger } from '../../util/log.ts';
import { startApiServer, type ApiServerHandle, type ApiServerOptions, type ApiServerPlugins } from '../apiserver.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** The body as JSON; throws when it is none. */
  readonly json: () => Answered;
}

/** An answered object, loosely. */
export interface Answered {
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    resourceVersion: string;
    continue?: string;
    remainingItemCount?: number;
    [field: string]: unknown;
  };
  items: Answered[];
  message: string;
  reason: string;
  spec: Record<string, unknown>;
  status: unknown;
  data: Record<string, string>;
  [field: string]: unknown;
}

export interface WatchStream {
  /** The next event. Rejects when there is none before the deadline, or when the stream ends. */
  next(): Promise<{ type: string; object: Answered }>;
  /** Resolves when the server has ended the stream; rejects at the deadline. */
  ended(): Promise<void>;
  close(): void;
  readonly response: IncomingMessage;
}

export interface TestServer {
  readonly handle: ApiServerHandle;
  readonly base: string;
  readonly directory: string;
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  watch(path: string, headers?: Record<string, string>): Promise<WatchStream>;
  close(): Promise<void>;
}

const DEADLINE = 10_000;

export async function startTestServer(
  options: Partial<ApiServerOptions> = {},
  plugins: Partial<ApiServerPlugins> = {},
): Promise<TestServer> {
  const directory = mkdtempSync(join(tmpdir(), 'nodelet-apiserver-'));
  const handle = await startApiServer({
    listen: [{ host: '127.0.0.1', port: 0 }],
    dataDir: join(directory, 'store'),
    serviceIP: '10.96.0.1',
    log: silentLogger,
    clock: systemClock,
    version: {
      major: '1',
      minor: '36',
      gitVersion: 'v1.36.3',
      gitCommit: '',
      gitTreeState: 'clean',
      buildDate: '1970-01-01T00:00:00Z',
      goVersion: '',
      compiler: '',
      platform: 'linux/amd64',
    },
    plugins: () => ({
      authenticate: () => Promise.resolve({ name: 'admin', groups: ['system:masters'] }),
      impersonate: (_exchange, user) => Promise.resolve(user),
      authorize: () => ({ decision: 'allow', reason: '' }),
      endpoints: { create: {}, connect: {} },
      admission: [],
      ...plugins,
    }),
    ...options,
  });
  const base = `http://127.0.0.1:${handle.addresses[0]?.port}`;
  return {
    handle,
    base,
    directory,
    send: (method, path, body, headers = {}) => sendRequest(base, method, path, body, headers),
    watch: (path, headers = {}) => openWatch(base + path, headers),
    async close() {
      await handle.close(0);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function sendRequest(base: string, method: string, path: string, body: unknown, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const payload = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const length = payload === undefined ? {} : { 'content-length': Buffer.byteLength(payload) };
    const outgoing = request(
      base + path,
      { method, headers: { 'content-type': 'application/json', ...length, ...headers } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: () => JSON.parse(text) as Answered });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
}

function openWatch(url: string, headers: Record<string, string>): Promise<WatchStream> {
  return new Promise((resolve, reject) => {
    const outgoing = get(url, { headers, agent: false }, (response) => {
      const lines: string[] = [];
      let rest = '';
      let over = false;
      let wake: () => void = () => undefined;
      response.on('data', (chunk: Buffer) => {
        const parts = (rest + chunk.toString('utf8')).split('\n');
        rest = parts.pop() ?? '';
        lines.push(...parts);
        wake();
      });
      response.on('error', () => undefined);
      response.on('close', () => {
        over = true;
        wake();
      });
      const until = async (ready: () => boolean): Promise<void> => {
        const deadline = Date.now() + DEADLINE;
        while (!ready()) {
          if (Date.now() > deadline) throw new Error('nothing came before the deadline');
          await new Promise<void>((go) => {
            const timer = setTimeout(go, 100);
            wake = () => {
              clearTimeout(timer);
              go();
            };
          });
        }
      };
      resolve({
        response,
        async next() {
          await until(() => lines.length > 0 || over);
          const line = lines.shift();
          if (line === undefined) throw new Error('the watch ended');
          return JSON.parse(line) as { type: string; object: Answered };
        },
        ended: () => until(() => over),
        close: () => response.destroy(),
      });
    });
    outgoing.on('error', reject);
  });
}
