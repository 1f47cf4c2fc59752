/** A whole nodelet for a test: its own data directory, ports, addresses; containers and files are gone afterwards. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePorts } from './free-port.ts';
import { until } from './until.ts';

export const PROGRAM = resolve('dist/nodelet.js');

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TestNode {
  readonly dataDir: string;
  readonly apiPort: number;
  readonly kubeletPort: number;
  readonly nodeName: string;
  readonly env: NodeJS.ProcessEnv;
  readonly pid: () => number;
  kubectl(...args: string[]): Promise<Result>;
  /** kubectl with something on its standard input. */
  kubectlWith(input: string, ...args: string[]): Promise<Result>;
  /** Like `kubectl`, but throws unless it exits with 0; its output. */
  ok(...args: string[]): Promise<string>;
  /** Applies a manifest; throws unless that succeeds. */
  apply(manifest: unknown): Promise<string>;
  log(): string;
  kill(signal: NodeJS.Signals): Promise<void>;
  start(...more: string[]): Promise<void>;
  /** Stops the program and removes what it ran and kept. */
  destroy(): Promise<void>;
}

/** Runs a program to its end. */
export function runProgram(
  command: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; input?: string; timeoutMs?: number } = {},
): Promise<Result> {
  return new Promise((ok, failed) => {
    const child = spawn(command, args, { env: options.env ?? process.env, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += String(chunk)));
    child.stderr.on('data', (chunk) => (stderr += String(chunk)));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
    child.on('error', failed);
    child.on('close', (code) => {
      clearTimeout(timer);
      ok({ code, stdout, stderr });
    });
  });
}

let instances = 0;

/** Starts a node; `flags` are added to `nodelet up`. */
export async function startTestNode(flags: readonly string[] = []): Promise<TestNode> {
  const root = mkdtempSync(join(tmpdir(), 'nodelet-test-'));
  const dataDir = join(root, 'data');
  const [apiPort = 0, kubeletPort = 0] = await freePorts(2);
  // Each node of a test run has ranges of its own, so that several fit on one machine.
  const slot = (process.pid * 7 + instances++) % 200;
  const nodeName = `test-${slot}`;
  const ranges = [`--service-cluster-ip-range=10.97.${slot}.0/24`, `--pod-cidr=10.98.${slot}.0/24`];
  const env = { ...process.env, KUBECONFIG: join(dataDir, 'kubeconfig'), KUBECACHEDIR: join(root, 'cache') };
  const logFile = join(root, 'log');
  let child: ChildProcess | undefined;

  async function start(...more: string[]): Promise<void> {
    const log = openSync(logFile, 'a');
    const args = [
      'up',
      `--data-dir=${dataDir}`,
      `--secure-port=${apiPort}`,
      `--port=${kubeletPort}`,
      '--healthz-port=0',
      `--hostname-override=${nodeName}`,
      ...ranges,
      ...flags,
      ...more,
    ];
    const started = spawn(process.execPath, [PROGRAM, ...args], {
      stdio: ['ignore', log, log],
      env: { ...process.env, NODE_EXTRA_CA_CERTS: '' },
    });
    child = started;
    await until(
      'the node to be ready',
      async () => {
        if (started.exitCode !== null) throw new Error(`nodelet ended with code ${started.exitCode}: ${readFileSync(logFile, 'utf8')}`);
        const { stdout } = await kubectl('get', 'node', nodeName, '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}');
        return stdout === 'True';
      },
      30_000,
    );
  }

  const kubectlWith = (input: string, ...args: string[]): Promise<Result> => runProgram('kubectl', args, { env, input });
  const kubectl = (...args: string[]): Promise<Result> => kubectlWith('', ...args);
  const must = (args: readonly string[], { code, stdout, stderr }: Result): string => {
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} exited with ${code}: ${stderr}${stdout}`);
    return stdout;
  };

  async function kill(signal: NodeJS.Signals): Promise<void> {
    const running = child;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise((ok) => {
      running.once('exit', ok);
    });
    running.kill(signal);
    await gone;
  }

  await start();
  return {
    dataDir,
    apiPort,
    kubeletPort,
    nodeName,
    env,
    pid: () => child?.pid ?? 0,
    kubectl,
    kubectlWith,
    ok: async (...args) => must(args, await kubectl(...args)),
    apply: async (manifest) =>
      must(['apply'], await kubectlWith(typeof manifest === 'string' ? manifest : JSON.stringify(manifest), 'apply', '-f', '-')),
    log: () => readFileSync(logFile, 'utf8'),
    kill,
    start,
    destroy: async () => {
      await kill('SIGTERM');
      const { code } = await runProgram(process.execPath, [PROGRAM, 'down', `--data-dir=${dataDir}`, '--purge'], {
        timeoutMs: 30_000,
      });
      if (code !== 0) throw new Error(`could not clean up ${dataDir}`);
      rmSync(root, { recursive: true, force: true });
    },
  };
}
