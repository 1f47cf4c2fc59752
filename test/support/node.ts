/** A whole nodelet for a test: its own data directory, ports, addresses; containers and files are gone afterwards. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimNumber } from './claim.ts';
import { freePorts } from './free-port.ts';
import { nodelet, PROGRAM, runProgram, startProgram, type Result, type RunningProgram } from './program.ts';
import { until } from './until.ts';

/** How many nodes fit on one machine: each has a /24 of its own for pods and one for Services. */
const SLOTS = 200;
const START_MS = 90_000;
/** Letters of a crashed node's log that its error shows. */
const LOG_TAIL = 3_000;

export interface TestNode {
  readonly dataDir: string;
  readonly apiPort: number;
  readonly kubeletPort: number;
  readonly nodeName: string;
  /** The cgroup below which its pods are, in each tree. */
  readonly cgroupRoot: string;
  readonly podCIDR: string;
  /** With KUBECONFIG for this node. */
  readonly env: NodeJS.ProcessEnv;
  readonly pid: () => number;
  readonly kubectl: (...args: string[]) => Promise<Result>;
  /** kubectl with something on its standard input. */
  readonly kubectlWith: (input: string, ...args: string[]) => Promise<Result>;
  /** kubectl that goes on beside the test. */
  readonly kubectlBeside: (...args: string[]) => RunningProgram;
  /** Like `kubectl`, but throws unless it exits with 0; its output. */
  readonly ok: (...args: string[]) => Promise<string>;
  /** Applies a manifest; throws unless that succeeds. */
  readonly apply: (manifest: unknown) => Promise<string>;
  /** What it has printed since its first start. */
  readonly log: () => string;
  /** Its exit code; null after a signal. */
  readonly kill: (signal: NodeJS.Signals) => Promise<number | null>;
  readonly start: (...more: string[]) => Promise<void>;
  /** Stops the program and removes what it ran and kept. */
  readonly destroy: () => Promise<void>;
}

/** Starts a node; `flags` are added to `nodelet up`. In a session of its own it gets the CPU that the kernel gives a session, for measurements. */
export async function startTestNode(flags: readonly string[] = [], { ownSession = false } = {}): Promise<TestNode> {
  const root = mkdtempSync(join(tmpdir(), 'nodelet-test-'));
  const dataDir = join(root, 'data');
  const slot = await claimNumber('node', SLOTS);
  const [apiPort = 0, kubeletPort = 0] = await freePorts(2);
  const nodeName = `test-${slot.number}`;
  const cgroupRoot = `/nodelet-${nodeName}`;
  const podCIDR = `10.98.${slot.number}.0/24`;
  const env: NodeJS.ProcessEnv = { ...process.env, KUBECONFIG: join(dataDir, 'kubeconfig'), KUBECACHEDIR: join(root, 'cache') };
  const logFile = join(root, 'log');
  let child: ChildProcess | undefined;
  let killed = false;

  async function start(...more: string[]): Promise<void> {
    const log = openSync(logFile, 'a');
    const before = statSync(logFile).size;
    const args = [
      'up',
      `--data-dir=${dataDir}`,
      `--secure-port=${apiPort}`,
      `--port=${kubeletPort}`,
      '--healthz-port=0',
      `--hostname-override=${nodeName}`,
      `--service-cluster-ip-range=10.97.${slot.number}.0/24`,
      `--pod-cidr=${podCIDR}`,
      `--cgroup-root=${cgroupRoot}`,
      // A container runtime of this machine is nobody's to test with, unless a test brings its own.
      ...(flags.some((flag) => flag.startsWith('--container-runtime-endpoint')) ? [] : ['--runtime=process']),
      ...flags,
      ...more,
    ];
    const started = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', log, log], detached: ownSession });
    closeSync(log);
    child = started;
    killed = false;
    const outcome = await until(
      'the node to be ready',
      async () => {
        if (started.exitCode !== null || started.signalCode !== null) return 'ended';
        // After a restart the stored node may still say that it is ready: it counts only once nodelet says that it is up.
        if (!readFileSync(logFile).subarray(before).includes('nodelet is up')) return false;
        const { stdout } = await kubectl('get', 'node', nodeName, '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}');
        return stdout === 'True';
      },
      START_MS,
    );
    if (outcome === 'ended') throw new Error(`nodelet ended with ${started.exitCode}: ${readFileSync(logFile, 'utf8')}`);
  }

  const kubectlWith = (input: string, ...args: string[]): Promise<Result> => runProgram('kubectl', args, { env, input });
  const kubectl = (...args: string[]): Promise<Result> => kubectlWith('', ...args);
  const must = (args: readonly string[], { code, stdout, stderr }: Result): string => {
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} exited with ${code}: ${stderr}${stdout}`);
    return stdout;
  };

  async function kill(signal: NodeJS.Signals): Promise<number | null> {
    const running = child;
    killed = true;
    if (running === undefined) return null;
    if (running.exitCode === null && running.signalCode === null) {
      const gone = new Promise((ok) => {
        running.once('exit', ok);
      });
      running.kill(signal);
      await gone;
    }
    return running.exitCode;
  }

  async function destroy(): Promise<void> {
    // A node that ended without being told to has failed, whatever the tests saw of it.
    const crashed = child !== undefined && !killed && (child.exitCode !== null || child.signalCode !== null);
    const log = crashed ? readFileSync(logFile, 'utf8').slice(-LOG_TAIL) : '';
    const how = crashed ? `${child?.exitCode ?? child?.signalCode}` : '';
    await kill('SIGTERM');
    const { code, stdout, stderr } = await nodelet('down', `--data-dir=${dataDir}`, '--purge');
    await slot.release();
    if (code !== 0) throw new Error(`could not clean up ${dataDir}: ${stdout}${stderr}`);
    rmSync(root, { recursive: true, force: true });
    if (crashed) throw new Error(`nodelet ended by itself with ${how}: ${log}`);
  }

  try {
    await start();
  } catch (error) {
    await destroy().catch(() => undefined);
    throw error;
  }
  return {
    dataDir,
    apiPort,
    kubeletPort,
    nodeName,
    cgroupRoot,
    podCIDR,
    env,
    pid: () => child?.pid ?? 0,
    kubectl,
    kubectlWith,
    kubectlBeside: (...args) => startProgram('kubectl', args, { env }),
    ok: async (...args) => must(args, await kubectl(...args)),
    apply: async (manifest) =>
      must(['apply'], await kubectlWith(typeof manifest === 'string' ? manifest : JSON.stringify(manifest), 'apply', '-f', '-')),
    log: () => readFileSync(logFile, 'utf8'),
    kill,
    start,
    destroy,
  };
}
