/** One attempt of a probe (kubernetes `pkg/probe/{exec,http,tcp,grpc}`). */
import http from 'node:http';
import https from 'node:https';
import { connect } from 'node:net';
import { formatDuration } from '../../api/duration.ts';
import type { ObjectOf, Probe } from '../../api/types.ts';
import { RuntimeError, type Runtime } from '../../runtime/runtime.ts';
import { errorText } from '../../util/log.ts';
import { portNumber } from '../pods/hooks.ts';
import type { AnyContainer } from '../pods/pod.ts';
import { expand } from '../spec/expand.ts';
import { grpcAttempt } from './grpc.ts';

/** `unknown`: the probe itself could not be done; its outcome does not count. */
export interface Attempt {
  readonly result: 'success' | 'failure' | 'unknown';
  readonly output: string;
}

export interface ProbeTarget {
  readonly runtime: Runtime;
  readonly container: AnyContainer;
  readonly containerId: string;
  readonly podIP: string;
  readonly signal: AbortSignal;
}

const MAX_OUTPUT = 10 << 10;
const MAX_REDIRECTS = 10;

export async function attemptProbe(probe: Probe, target: ProbeTarget): Promise<Attempt> {
  const timeoutSeconds = probe.timeoutSeconds ?? 1;
  try {
    if (probe.exec) return await execAttempt(probe.exec.command ?? [], timeoutSeconds, target);
    if (probe.httpGet) return await httpAttempt(probe.httpGet, timeoutSeconds, target);
    if (probe.grpc) return await grpcAttempt({ ...grpcOf(probe.grpc, target), timeoutSeconds });
    if (probe.tcpSocket) return await tcpAttempt(probe.tcpSocket, timeoutSeconds, target);
  } catch (error) {
    return { result: 'unknown', output: errorText(error) };
  }
  return { result: 'unknown', output: 'missing probe handler' };
}

const grpcOf = ({ port, service }: NonNullable<Probe['grpc']>, { podIP, signal }: ProbeTarget) => ({
  host: podIP,
  port,
  service,
  signal,
});

async function execAttempt(
  command: readonly string[],
  timeoutSeconds: number,
  { runtime, container, containerId }: ProbeTarget,
): Promise<Attempt> {
  const literal = new Map((container.env ?? []).flatMap((e) => (e.value === undefined ? [] : [[e.name, e.value] as const])));
  const argv = command.map((part) => expand(part, (name) => literal.get(name)));
  try {
    const { stdout, stderr, exitCode } = await runtime.execSync(containerId, argv, timeoutSeconds);
    const output = Buffer.concat([stdout, stderr]).subarray(0, MAX_OUTPUT).toString('utf8');
    return { result: exitCode === 0 ? 'success' : 'failure', output };
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'deadlineExceeded')
      return {
        result: 'failure',
        output: `command timed out: "${argv.join(' ')}" timed out after ${formatDuration(timeoutSeconds * 1000)}`,
      };
    throw error;
  }
}

type HttpGet = ObjectOf<'core/v1.HTTPGetAction'>;

async function httpAttempt(get: HttpGet, timeoutSeconds: number, { container, podIP, signal }: ProbeTarget): Promise<Attempt> {
  const host = get.host !== undefined && get.host !== '' ? get.host : podIP;
  const port = portNumber(get.port, container);
  const scheme = get.scheme === 'HTTPS' ? 'https' : 'http';
  const path = get.path ?? '/';
  let url = new URL(`${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}${path.startsWith('/') ? path : `/${path}`}`);
  const headers = probeHeaders(get);
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutSeconds * 1000)]);
  const asked = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
  for (let redirects = 0; ; redirects++) {
    let answer: { status: number; location: string | undefined };
    try {
      answer = await httpGet(url, headers, deadline);
    } catch (error) {
      const why = deadline.aborted
        ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        : dialError(error, host, port);
      return { result: 'failure', output: `Get "${asked}": ${why}` };
    }
    const next = answer.status >= 300 && answer.status < 400 && answer.location !== undefined ? new URL(answer.location, url) : undefined;
    if (next && next.hostname === url.hostname) {
      if (redirects >= MAX_REDIRECTS) return { result: 'failure', output: `Get "${asked}": stopped after ${MAX_REDIRECTS} redirects` };
      url = next;
      continue;
    }
    // A redirect to another host is not followed: that the server answers is enough.
    return answer.status >= 200 && answer.status < 400
      ? { result: 'success', output: '' }
      : { result: 'failure', output: `HTTP probe failed with statuscode: ${answer.status}` };
  }
}

/** A header with an empty value takes the default one away. */
function probeHeaders(get: HttpGet): Record<string, string> {
  const headers: Record<string, string> = { 'user-agent': 'kube-probe/1.36', accept: '*/*', connection: 'close' };
  for (const { name, value } of get.httpHeaders ?? []) headers[name.toLowerCase()] = value;
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''));
}

function httpGet(
  url: URL,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<{ status: number; location: string | undefined }> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? https : http).get(
      url,
      { headers, signal, agent: false, rejectUnauthorized: false },
      (response) => {
        resolve({ status: response.statusCode ?? 0, location: response.headers.location });
        response.destroy();
      },
    );
    request.on('error', reject);
  });
}

function tcpAttempt(tcp: ObjectOf<'core/v1.TCPSocketAction'>, timeoutSeconds: number, { container, podIP }: ProbeTarget): Promise<Attempt> {
  const host = tcp.host !== undefined && tcp.host !== '' ? tcp.host : podIP;
  const port = portNumber(tcp.port, container);
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (attempt: Attempt): void => {
      socket.destroy();
      resolve(attempt);
    };
    socket.setTimeout(timeoutSeconds * 1000, () => end({ result: 'failure', output: `dial tcp ${host}:${port}: i/o timeout` }));
    socket.on('connect', () => end({ result: 'success', output: '' }));
    socket.on('error', (error) => end({ result: 'failure', output: dialError(error, host, port) }));
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
};

/** A failed connection in Go's words. */
function dialError(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ECONNRESET') return 'EOF';
  const reason = REASONS[code];
  return reason === undefined ? errorText(error) : `dial tcp ${host.includes(':') ? `[${host}]` : host}:${port}: ${reason}`;
}
