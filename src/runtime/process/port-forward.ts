import { spawn, type ChildProcess } from 'node:child_process';
import { connect, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Timer } from '../../util/clock.ts';
import { RuntimeError } from '../runtime.ts';
import type { RuntimeContext } from './context.ts';
import { helperEnvironment } from './tools.ts';

/** A helper that nobody has asked for so long ends. */
const IDLE_MS = 30_000;
/** Connecting inside a pod is given up after this long (containerd: 5 s). */
const DIAL_MS = 5_000;

/**
 * Runs inside a pod's network namespace: connects where it is asked to and hands the connected sockets over. It reads
 * nothing from them: they are paused from the start.
 */
const HELPER = `
const net = require('node:net');
process.on('disconnect', () => process.exit(0));
process.on('message', ({ id, port }) => {
  const attempt = (host, family, errors) => {
    const socket = net.connect({ host, port, family, allowHalfOpen: true, noDelay: true });
    socket.pause();
    socket.once('error', (error) => {
      const text = 'dial tcp' + family + ' ' + (family === 6 ? '[' + host + ']' : host) + ':' + port + ': connect: ' + (error.code === 'ECONNREFUSED' ? 'connection refused' : error.message);
      if (family === 4) attempt('::1', 6, [text]);
      else process.send({ id, errors: [...errors, text] });
    });
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      process.send({ id }, socket);
    });
  };
  attempt('127.0.0.1', 4, []);
});
`;

/** Connections into pods' network namespaces. */
export interface PortForwarder {
  /** Connects to a port of a sandbox's localhost; `directory` is null for one on the host's network. */
  dial(sandboxId: string, directory: string | null, port: number): Promise<Duplex>;
  close(): void;
}

interface Helper {
  readonly child: ChildProcess;
  readonly waiting: Map<number, (reply: { readonly socket: Socket | null; readonly errors: readonly string[] }) => void>;
  next: number;
  idle: Timer | null;
}

/** One helper a pod, started at the first dial (Node cannot enter a namespace itself). */
export function createPortForwarder(context: RuntimeContext): PortForwarder {
  const helpers = new Map<string, Helper>();

  function helperOf(sandboxId: string, directory: string): Helper {
    const present = helpers.get(sandboxId);
    if (present) return present;
    const child = spawn('nsenter', [`--net=${directory}/net`, '--', process.execPath, '-e', HELPER], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: { ...helperEnvironment },
      cwd: '/',
    });
    child.unref();
    child.channel?.unref();
    const helper: Helper = { child, waiting: new Map(), next: 0, idle: null };
    helpers.set(sandboxId, helper);
    child.on('message', (message: unknown, handle: unknown) => {
      const { id, errors } = readReply(message);
      helper.waiting.get(id)?.({ socket: handle instanceof Socket ? handle : null, errors });
    });
    const gone = (): void => {
      if (helpers.get(sandboxId) === helper) helpers.delete(sandboxId);
      helper.idle?.cancel();
      for (const settle of helper.waiting.values()) settle({ socket: null, errors: ['the network namespace of the pod is gone'] });
    };
    child.on('error', gone);
    child.on('exit', gone);
    return helper;
  }

  async function dialInside(sandboxId: string, directory: string, port: number): Promise<Duplex> {
    const helper = helperOf(sandboxId, directory);
    helper.idle?.cancel();
    helper.idle = context.host.clock.after(IDLE_MS, () => helper.child.disconnect());
    const id = helper.next;
    helper.next += 1;
    const reply = await new Promise<{ readonly socket: Socket | null; readonly errors: readonly string[] }>((resolve) => {
      const timer = context.host.clock.after(DIAL_MS, () =>
        resolve({ socket: null, errors: [`dial tcp4 127.0.0.1:${port}: i/o timeout`] }),
      );
      helper.waiting.set(id, (answer) => {
        timer.cancel();
        resolve(answer);
      });
      helper.child.send({ id, port }, (error) => {
        if (error) resolve({ socket: null, errors: [error.message] });
      });
    });
    helper.waiting.delete(id);
    if (reply.socket) return reply.socket;
    throw await dialError(context, sandboxId, `${directory}/net`, port, reply.errors);
  }

  return {
    async dial(sandboxId, directory, port) {
      if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new RuntimeError('invalidArgument', `${port} is not a port`);
      return directory === null ? dialHere(context, sandboxId, port) : dialInside(sandboxId, directory, port);
    },
    close() {
      for (const helper of helpers.values()) {
        helper.idle?.cancel();
        if (helper.child.connected) helper.child.disconnect();
      }
      helpers.clear();
    },
  };
}

async function dialHere(context: RuntimeContext, sandboxId: string, port: number): Promise<Duplex> {
  const errors: string[] = [];
  for (const [host, family] of [
    ['127.0.0.1', 4],
    ['::1', 6],
  ] as const) {
    try {
      return await new Promise<Socket>((resolve, reject) => {
        const socket = connect({ host, port, family, allowHalfOpen: true, noDelay: true, timeout: DIAL_MS });
        socket.once('error', reject);
        socket.once('timeout', () => socket.destroy(new Error('i/o timeout')));
        socket.once('connect', () => {
          socket.removeListener('error', reject);
          socket.setTimeout(0);
          resolve(socket);
        });
      });
    } catch (error) {
      const refused = error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
      errors.push(
        `dial tcp${family} ${family === 6 ? `[${host}]` : host}:${port}: connect: ${refused ? 'connection refused' : String(error)}`,
      );
    }
  }
  throw await dialError(context, sandboxId, 'host', port, errors);
}

/** containerd's text (`internal/cri/server/sandbox_portforward_linux.go`). */
async function dialError(
  { host }: RuntimeContext,
  sandboxId: string,
  namespace: string,
  port: number,
  errors: readonly string[],
): Promise<RuntimeError> {
  const [v4 = '', tried = ''] = errors;
  // containerd asks this machine's hosts file where localhost is; ::1 was tried here nevertheless.
  const hosts = await host.files.readFile('/etc/hosts', 'utf8').catch(() => '');
  const v6 = /^[^#\s]*:\S*\s.*\blocalhost\b/m.test(hosts) ? tried : 'dial tcp6: address localhost: no suitable address found';
  return new RuntimeError(
    'unknown',
    `failed to execute portforward in network namespace "${namespace}": failed to connect to localhost:${port} inside namespace "${sandboxId}", IPv4: ${v4} IPv6 ${v6} `,
  );
}

function readReply(message: unknown): { readonly id: number; readonly errors: readonly string[] } {
  if (typeof message !== 'object' || message === null) return { id: -1, errors: [] };
  const { id, errors }: { id?: unknown; errors?: unknown } = message;
  return { id: typeof id === 'number' ? id : -1, errors: Array.isArray(errors) ? errors.map(String) : [] };
}
