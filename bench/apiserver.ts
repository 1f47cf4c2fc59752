/** Reads, writes and watches of the API server, sent as a busy client sends them. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request, type AgentOptions } from 'node:https';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadKubeconfig } from '../src/client/kubeconfig.ts';
import { freePorts } from '../test/support/free-port.ts';
import { PROGRAM } from '../test/support/program.ts';
import { until } from '../test/support/until.ts';
import { option, report } from './lib.ts';

const OBJECTS = 1_000;
const MANY_OBJECTS = 2_000;
const WATCHERS = 200;
const UPDATES = 100;
const APPLY = { 'content-type': 'application/apply-patch+yaml' };
const MERGE = { 'content-type': 'application/merge-patch+json' };

interface Timing {
  /** ms of each request. */
  readonly each: number[];
  readonly perSecond: number;
}
type Figures = Readonly<Record<string, Timing>>;

interface Place {
  readonly base: string;
  readonly tls: AgentOptions;
}

export async function measureApiServer(): Promise<void> {
  const peer = option('peer');
  const theirs = peer === undefined ? undefined : await measure(peerPlace(peer));
  const directory = mkdtempSync(join(tmpdir(), 'nodelet-bench-'));
  const [port = 0] = await freePorts(1);
  const args = ['apiserver', `--data-dir=${directory}`, '--bind-address=127.0.0.1', `--secure-port=${port}`];
  // A session of its own, as the real one has: the kernel shares a busy machine out by session.
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: 'ignore', detached: true });
  const gone = new Promise((done) => child.once('close', done));
  try {
    const kubeconfig = join(directory, 'kubeconfig');
    const { server, ca, cert, key } = await until('the kubeconfig', () => loadKubeconfig(kubeconfig));
    const ours = await measure({ base: server, tls: { ca, cert, key } });
    for (const [name, timing] of Object.entries(ours)) show(name, timing, theirs?.[name]);
    showMemory(child.pid ?? 0);
  } finally {
    child.kill('SIGTERM');
    await gone;
    rmSync(directory, { recursive: true, force: true });
  }
}

function show(name: string, ours: Timing, theirs: Timing | undefined): void {
  report(name, ours.each, theirs?.each);
  const ratio =
    theirs === undefined ? '' : `   ${(ours.perSecond / theirs.perSecond).toFixed(2)} × the real one's ${theirs.perSecond.toFixed(0)}`;
  process.stdout.write(`${''.padEnd(52)} ${ours.perSecond.toFixed(0)} a second${ratio}\n`);
}

/** `--peer-pids=PID,PID` names the processes of the real API server: itself and etcd. */
function showMemory(pid: number): void {
  const ours = residentBytes(pid);
  const theirs = (option('peer-pids') ?? '')
    .split(',')
    .filter((text) => text !== '')
    .reduce((sum, text) => sum + residentBytes(Number(text)), 0);
  const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  const ratio = theirs === 0 ? '' : `   ${(ours / theirs).toFixed(2)} × the real one's ${mebibytes(theirs)}`;
  process.stdout.write(`memory at ${MANY_OBJECTS} objects: ${mebibytes(ours)} MiB${ratio}\n`);
}

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) * 1024;
}

function peerPlace(base: string): Place {
  const read = (name: string): Buffer => readFileSync(option(name) ?? '');
  return { base, tls: { cert: read('peer-cert'), key: read('peer-key'), rejectUnauthorized: false } };
}

async function measure({ base, tls }: Place): Promise<Figures> {
  const { hostname, port } = new URL(base);
  const agent = new Agent({ ...tls, keepAlive: true, maxSockets: 1024 });
  const common = { hostname, port, agent };
  const send = (method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const sent = request({ ...common, method, path, headers: { 'content-type': 'application/json', ...headers } }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part)).on('error', reject);
        response.on('end', () => {
          const whole = Buffer.concat(parts);
          if ((response.statusCode ?? 500) < 300) resolve(whole);
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${whole.toString('utf8', 0, 200)}`));
        });
      });
      sent.on('error', reject).end(body && JSON.stringify(body));
    });
  const namespace = `bench-${randomBytes(3).toString('hex')}`;
  const configmaps = `/api/v1/namespaces/${namespace}/configmaps`;
  const object = (i: number, data: object = {}): object => ({
    metadata: { name: `o${i}`, labels: { i: String(i % 10) } },
    data: { a: 'x'.repeat(500), ...data },
  });
  const applied = (i: number): object => ({ metadata: { name: `s${i}`, labels: { i: String(i % 10) } }, data: { a: 'x'.repeat(500) } });
  await until('a namespace', () => send('POST', '/api/v1/namespaces', { metadata: { name: namespace } }));
  const figures: Record<string, Timing> = {
    'create, 16 at once': await timed(OBJECTS, 16, (i) => send('POST', configmaps, object(i))),
    'get, one by one': await timed(500, 1, (i) => send('GET', `${configmaps}/o${i % OBJECTS}`)),
    'get, 16 at once': await timed(3_000, 16, (i) => send('GET', `${configmaps}/o${i % OBJECTS}`)),
    [`list of ${OBJECTS}`]: await timed(40, 1, () => send('GET', configmaps)),
    'list by label': await timed(40, 1, () => send('GET', `${configmaps}?labelSelector=i%3D3`)),
    'update, one by one': await timed(200, 1, (i) => send('PUT', `${configmaps}/o${i}`, object(i, { b: '1' }))),
    'merge patch, 16 at once': await timed(800, 16, (i) =>
      send('PATCH', `${configmaps}/o${i % OBJECTS}`, { data: { c: String(i) } }, MERGE),
    ),
    'apply, 16 at once': await timed(800, 16, (i) =>
      send('PATCH', `${configmaps}/s${i}?fieldManager=bench`, { apiVersion: 'v1', kind: 'ConfigMap', ...applied(i) }, APPLY),
    ),
    [`watch: ${UPDATES} changes to ${WATCHERS} watchers`]: await fanOut(),
  };
  await timed(MANY_OBJECTS - OBJECTS, 16, (i) => send('POST', configmaps, object(OBJECTS + i)));
  if (option('peer') !== undefined) await send('DELETE', `/api/v1/namespaces/${namespace}`);
  agent.destroy();
  return figures;

  /** How long a change takes to each watcher, and events a second in all. */
  async function fanOut(): Promise<Timing> {
    const { metadata } = JSON.parse((await send('GET', `${configmaps}?limit=1`)).toString()) as { metadata: { resourceVersion: string } };
    const sentAt = new Map<string, number>();
    const each: number[] = [];
    const path = `${configmaps}?watch=1&resourceVersion=${metadata.resourceVersion}`;
    const watches = await Promise.all(
      Array.from({ length: WATCHERS }, async () => {
        const asked = request({ ...common, path });
        await new Promise<void>((resolve, reject) => {
          asked.on('error', reject).on('response', (response) => {
            let rest = '';
            response.setEncoding('utf8').on('data', (text: string) => {
              const lines = (rest + text).split('\n');
              rest = lines.pop() ?? '';
              for (const line of lines) each.push(performance.now() - (sentAt.get(/"u":"(\d+)"/.exec(line)?.[1] ?? '') ?? Number.NaN));
            });
            response.on('error', () => undefined);
            resolve();
          });
          asked.end();
        });
        return asked;
      }),
    );
    const start = performance.now();
    for (let i = 0; i < UPDATES; i += 1) {
      sentAt.set(String(i), performance.now());
      await send('PATCH', `${configmaps}/o${i}`, { data: { u: String(i) } }, MERGE);
    }
    await until('every watcher', () => each.length >= WATCHERS * UPDATES);
    const perSecond = each.length / ((performance.now() - start) / 1_000);
    for (const watch of watches) watch.destroy();
    return { each, perSecond };
  }
}

/** Runs a request `count` times, `atOnce` of them beside each other. */
async function timed(count: number, atOnce: number, run: (i: number) => Promise<unknown>): Promise<Timing> {
  const each: number[] = [];
  let next = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < count) {
        const i = next;
        next += 1;
        const sentAt = performance.now();
        await run(i);
        each.push(performance.now() - sentAt);
      }
    }),
  );
  return { each, perSecond: count / ((performance.now() - start) / 1_000) };
}
