/** Logs of the machine's services, from the journal or from files (kubernetes `pkg/kubelet/kubelet_server_journal_linux.go`). */
import { createGzip } from 'node:zlib';
import { once } from 'node:events';
import { posix } from 'node:path';
import type { Writable } from 'node:stream';
import type { Exchange } from '../../../net/http.ts';
import { bodyOf } from '../../../net/stream-answer.ts';
import type { Host } from '../../../util/host.ts';
import { errorText } from '../../../util/log.ts';
import type { LogQuery } from './log-query.ts';

/** A query ends after this, whatever came. */
const QUERY_TIMEOUT_MS = 30_000;
const CHUNK = 256 * 1024;

/** Answers with the logs of the query's services. */
export async function serveServiceLogs(host: Host, root: string, exchange: Exchange, query: LogQuery): Promise<void> {
  const { response } = exchange;
  const zipped = exchange.request.headers['accept-encoding'] === 'gzip';
  response.statusCode = 200;
  response.setHeader('Content-Type', 'text/plain;charset=UTF-8');
  if (zipped) response.setHeader('Content-Encoding', 'gzip');
  const gzip = zipped ? createGzip() : undefined;
  gzip?.pipe(bodyOf(exchange));
  const out: Writable = gzip ?? bodyOf(exchange);

  const stop = new AbortController();
  const timer = host.clock.after(QUERY_TIMEOUT_MS, () => stop.abort());
  const signal = AbortSignal.any([stop.signal, exchange.signal]);
  try {
    const native: string[] = [];
    const others: string[] = [];
    for (const service of query.services) ((await isNative(host, service, signal)) ? native : others).push(service);
    if (native.length > 0) await copyJournal(host, native, query, out, signal);
    await copyFiles(host, root, others, query, out, signal);
    if (stop.signal.aborted) await put(out, '\ncontext error: context deadline exceeded\n', exchange.signal);
  } finally {
    timer.cancel();
    out.end();
  }
}

/** Whether the journal knows the service as a unit. */
async function isNative(host: Host, service: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { stdout } = await host.processes.run('journalctl', ['--field', '_SYSTEMD_UNIT'], { signal, maxOutput: 4 << 20 });
    return stdout.toString().split('\n').includes(`${service}.service`);
  } catch {
    // No journal on this machine: the files are looked at.
    return false;
  }
}

async function copyJournal(host: Host, services: readonly string[], query: LogQuery, out: Writable, signal: AbortSignal): Promise<void> {
  const child = host.processes.spawn('journalctl', journalArguments(services, query), { stdio: ['ignore', 'pipe', 'pipe'], signal });
  const closed = new Promise<void>((resolve) => {
    child.on('error', () => resolve());
    child.on('close', () => resolve());
  });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) return;
  const copy = async (stream: AsyncIterable<unknown>): Promise<void> => {
    for await (const chunk of stream) if (Buffer.isBuffer(chunk)) await put(out, chunk, signal);
  };
  try {
    await Promise.all([copy(stdout), copy(stderr)]);
  } catch {
    await put(out, '\nerror: journal output not available\n', signal);
  }
  await closed;
}

/** The command line of the original; dates are in UTC and without leading zeros. */
export function journalArguments(services: readonly string[], query: LogQuery): string[] {
  const date = (d: Date): string =>
    `${d.getUTCFullYear()}-${d.getUTCMonth() + 1}-${d.getUTCDate()} ${d.getUTCHours()}:${d.getUTCMinutes()}:${d.getUTCSeconds()}`;
  return [
    '--utc',
    '--no-pager',
    '--output=short-precise',
    ...(query.sinceTime ? [`--since=${date(query.sinceTime)}`] : []),
    ...(query.untilTime ? [`--until=${date(query.untilTime)}`] : []),
    ...(query.tailLines === undefined ? [] : ['--pager-end', `--lines=${query.tailLines}`]),
    ...services.map((service) => `--unit=${service}`),
    ...(query.pattern === undefined ? [] : [`--grep=${query.pattern}`]),
    ...(query.boot === undefined ? [] : ['--boot', String(query.boot)]),
  ];
}

/** The services' own log files; options cannot be applied to them. */
async function copyFiles(
  host: Host,
  root: string,
  services: readonly string[],
  query: LogQuery,
  out: Writable,
  signal: AbortSignal,
): Promise<void> {
  const { files: _files, services: _services, ...options } = query;
  if (services.length > 0 && Object.keys(options).length > 0) {
    const resolved = `\noptions present and query resolved to log files for [${services.join(' ')}]\ntry without specifying options\n`;
    await put(out, resolved, signal);
    return;
  }
  for (const service of services) {
    try {
      if (!(await copyFile(host, root, service, out, signal))) await put(out, `\nlog not found for ${service}\n`, signal);
    } catch (error) {
      await put(out, `\nerror getting log for ${service}: ${errorText(error)}\n`, signal);
    }
  }
}

/** Copies the first of a service's files that is there; false when none is. */
async function copyFile(host: Host, root: string, service: string, out: Writable, signal: AbortSignal): Promise<boolean> {
  for (const name of [service, `${service}.log`, `${service}/${service}.log`]) {
    if (name === '..') throw new Error('openat ..: path escapes from parent');
    let file;
    try {
      const path = posix.join(root, name);
      const stats = await host.files.lstat(path);
      if (!stats.isFile()) continue;
      file = await host.files.open(path, 'r');
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') continue;
      throw new Error(`openat ${name}: ${REASONS[codeOf(error)] ?? errorText(error)}`, { cause: error });
    }
    try {
      const buffer = Buffer.allocUnsafe(CHUNK);
      for (let at = 0; !signal.aborted;) {
        const { bytesRead } = await file.read(buffer, 0, CHUNK, at);
        if (bytesRead === 0) break;
        at += bytesRead;
        await put(out, Buffer.from(buffer.subarray(0, bytesRead)), signal);
      }
      return true;
    } finally {
      await file.close();
    }
  }
  return false;
}

/** What Linux says of an error, as Go prints it. */
const REASONS: Readonly<Record<string, string>> = {
  ENAMETOOLONG: 'file name too long',
  EACCES: 'permission denied',
};

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Writes and waits until the reader keeps up, or is gone. */
async function put(out: Writable, part: string | Buffer, signal: AbortSignal): Promise<void> {
  if (out.destroyed || signal.aborted) return;
  if (out.write(part)) return;
  try {
    await once(out, 'drain', { signal });
  } catch {
    // The client is gone, or the time is over: the caller's loop sees the signal.
  }
}
