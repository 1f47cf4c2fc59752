import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHttpServer } from '../http-server.ts';
import type { HttpServerHandle, UpgradeExchange } from '../http.ts';
import { goHttpError, sendJson } from '../respond.ts';
import { collect, conversation, dial, selfSigned, until } from '../testing.ts';
import { servePortForward } from '../portforward/server.ts';
import { tunnelPortForward, wantsTunnel } from '../portforward/tunnel.ts';
import { proxyUpgrade, type ProxyTarget } from '../proxy.ts';
import type { CommandIO, CommandResult } from './io.ts';
import type { CommandOptions } from './options.ts';
import { serveCommand } from './server.ts';
import { translateCommand, wantsTranslation } from './translate.ts';

/** Every kubectl of this machine that speaks another dialect: SPDY up to 1.29, WebSocket from 1.30. */
function kubectls(): string[] {
  try {
    const found = execFileSync('sh', ['-c', 'command -v kubectl']).toString().trim();
    const siblings = ['kubectl.1.29', 'kubectl.1.33']
      .map((name) => join(dirname(realpathSync(found)), name))
      .filter((path) => existsSync(path));
    return siblings.length > 0 ? siblings : [found];
  } catch {
    return [];
  }
}

const pod = {
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name: 'p', namespace: 'default', uid: 'u' },
  spec: { containers: [{ name: 'c', image: 'i', stdin: true }] },
  status: { phase: 'Running' },
};
const resources = { name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', verbs: ['get', 'list', 'create'] };
const answers: Record<string, unknown> = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
  '/api/v1': { kind: 'APIResourceList', groupVersion: 'v1', resources: [resources] },
  '/api/v1/namespaces/default/pods/p': pod,
};

function runHere(command: readonly string[], io: CommandIO): Promise<CommandResult> {
  const [file = '', ...args] = command;
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const outputs = [
    io.stdout ? pipeline(child.stdout, io.stdout) : collect(child.stdout),
    io.stderr ? pipeline(child.stderr, io.stderr) : collect(child.stderr),
  ].map((output: Promise<unknown>) => output.catch(() => undefined));
  child.stdin.on('error', () => undefined);
  if (io.stdin) io.stdin.pipe(child.stdin);
  else child.stdin.end();
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ kind: 'failed', message: error.message }));
    child.on('exit', (code, signal) => {
      void Promise.all(outputs).then(() => resolve({ kind: 'exited', code: signal === null ? (code ?? 0) : 137 }));
    });
  });
}

function options(upgrade: UpgradeExchange): CommandOptions {
  const { query } = upgrade.target;
  const flag = (name: string): boolean => query.get(name) === 'true';
  const command = query.getAll('command');
  return { stdin: flag('stdin'), stdout: flag('stdout'), stderr: flag('stderr'), tty: flag('tty'), ...(command.length > 0 && { command }) };
}

async function upgraded(upgrade: UpgradeExchange): Promise<void> {
  if (upgrade.target.path?.endsWith('/portforward')) {
    await servePortForward(upgrade, dial);
    return;
  }
  const wanted = options(upgrade);
  await serveCommand(upgrade, wanted, (io) => runHere(wanted.command ?? [], io));
}

const home = mkdtempSync(join(tmpdir(), 'net-kubectl-'));
const servers: Record<string, HttpServerHandle> = {};
const start = (upgrade: (exchange: UpgradeExchange) => Promise<void>, tls = false): Promise<HttpServerHandle> =>
  startHttpServer({
    ...(tls && { tls: { ...selfSigned(), requestClientCert: true } }),
    host: '127.0.0.1',
    port: 0,
    upgrade,
    handle: (exchange) => {
      const answer = answers[exchange.target.path ?? ''];
      if (answer === undefined) goHttpError(exchange, 404, '404 page not found');
      else sendJson(exchange, 200, answer);
    },
  });
beforeAll(async () => {
  const direct = await start(upgraded, true);
  const target = (upgrade: UpgradeExchange): ProxyTarget => ({
    url: `https://127.0.0.1:${direct.address.port}${upgrade.request.url}`,
    tls: { insecureSkipVerify: true },
  });
  servers['direct'] = direct;
  servers['spliced'] = await start((upgrade) => proxyUpgrade(upgrade, target(upgrade)));
  servers['translated'] = await start((upgrade) =>
    wantsTunnel(upgrade)
      ? tunnelPortForward(upgrade, target(upgrade))
      : wantsTranslation(upgrade)
        ? translateCommand(upgrade, target(upgrade), options(upgrade))
        : proxyUpgrade(upgrade, target(upgrade)),
  );
});
afterAll(async () => {
  await Promise.all(Object.values(servers).map((server) => server.close()));
  rmSync(home, { recursive: true, force: true });
});

function serverFlags(mode: string): string[] {
  const url = `127.0.0.1:${servers[mode]?.address.port}`;
  return mode === 'direct' ? [`--server=https://${url}`, '--insecure-skip-tls-verify', '--token=t'] : [`--server=http://${url}`];
}

interface Run {
  code: number | null;
  stdout: Buffer;
  stderr: string;
}

async function kubectl(binary: string, mode: string, args: string[], input?: Buffer): Promise<Run> {
  const child = spawn(binary, [...serverFlags(mode), `--cache-dir=${home}`, ...args], {
    env: { HOME: home, PATH: process.env['PATH'] ?? '', KUBECONFIG: join(home, 'none') },
  });
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout: await stdout, stderr: (await stderr).toString() };
}

const matrix = kubectls().flatMap((binary) => ['direct', 'spliced', 'translated'].map((mode) => [binary, mode] as const));

describe.skipIf(matrix.length === 0).each(matrix)('%s, %s', (binary, mode) => {
  it('runs a command and keeps its streams apart', async () => {
    const run = await kubectl(binary, mode, ['exec', 'p', '--', 'sh', '-c', 'echo out; echo err >&2']);
    expect([run.code, run.stdout.toString(), run.stderr]).toEqual([0, 'out\n', 'err\n']);
  });

  it('exits with the exit code of the command', async () => {
    const run = await kubectl(binary, mode, ['exec', 'p', '--', 'sh', '-c', 'exit 7']);
    expect([run.code, run.stderr]).toEqual([7, 'command terminated with exit code 7\n']);
  });

  it('says why a command could not be started', async () => {
    const run = await kubectl(binary, mode, ['exec', 'p', '--', '/nope']);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain('Internal error occurred: error executing command in container: spawn /nope ENOENT');
  });

  it('sends stdin to its end, byte for byte, and gets it back', async () => {
    const input = Buffer.alloc(8 << 20, 'nodelet streams ');
    const run = await kubectl(binary, mode, ['exec', '-i', 'p', '--', 'cat'], input);
    expect(run.code).toBe(0);
    expect(createHash('md5').update(run.stdout).digest('hex')).toBe(createHash('md5').update(input).digest('hex'));
  });

  it('ends when the command does not read its stdin', async () => {
    const run = await kubectl(binary, mode, ['exec', '-i', 'p', '--', 'echo', 'done'], Buffer.alloc(4 << 20));
    expect([run.code, run.stdout.toString()]).toEqual([0, 'done\n']);
  });

  it('runs ten at a time', async () => {
    const runs = await Promise.all(
      Array.from({ length: 10 }, (_unused, index) => kubectl(binary, mode, ['exec', 'p', '--', 'echo', String(index)])),
    );
    expect(runs.map((run) => run.stdout.toString().trim())).toEqual(Array.from({ length: 10 }, (_unused, index) => String(index)));
  });

  it('leaves the server whole when it is killed in the middle', async () => {
    const child = spawn(binary, [...serverFlags(mode), `--cache-dir=${home}`, 'exec', 'p', '--', 'sh', '-c', 'echo go; sleep 0.3']);
    let seen = '';
    child.stdout.on('data', (chunk) => (seen += String(chunk)));
    await until(() => seen === 'go\n');
    child.kill('SIGKILL');
    expect((await kubectl(binary, mode, ['exec', 'p', '--', 'echo', 'well'])).stdout.toString()).toBe('well\n');
  });

  it('forwards a port', async () => {
    const service = createServer((socket) => void socket.end('from the pod'));
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    const address = service.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const child = spawn(binary, [...serverFlags(mode), `--cache-dir=${home}`, 'port-forward', 'pod/p', `:${port}`], {
      env: { HOME: home },
    });
    let seen = '';
    child.stdout.on('data', (chunk) => (seen += String(chunk)));
    child.stderr.on('data', (chunk) => (seen += String(chunk)));
    await until(() => seen.includes('Forwarding from 127.0.0.1:'), 15_000);
    const local = Number(/127\.0\.0\.1:(\d+)/.exec(seen)?.[1]);
    expect(await Promise.all([1, 2, 3].map(() => conversation(local, '')))).toEqual(Array.from({ length: 3 }, () => 'from the pod'));
    child.kill('SIGINT');
    await new Promise((resolve) => child.once('close', resolve));
    service.close();
  });
});
