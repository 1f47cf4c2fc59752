import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { systemHost } from '../../../util/host.ts';
import { silentLogger } from '../../../util/log.ts';
import type { CommandIO, TerminalSize } from '../../../net/remotecommand/io.ts';
import type { ContainerConfig, ContainerRuntimeStatus, ContainerSecurity, PodSandboxConfig, Runtime } from '../../runtime.ts';
import { startProcessRuntime } from '../process-runtime.ts';

/** Why containers cannot be run here; null when they can. */
export function cannotRun(): string | null {
  if (process.platform !== 'linux') return 'containers need Linux';
  if (process.getuid?.() !== 0) return 'containers need root';
  try {
    execFileSync('unshare', ['--mount', '--pid', '--fork', 'true'], { stdio: 'ignore' });
    execFileSync('ip', ['link', 'show', 'lo'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'containers need unshare and ip (Debian packages util-linux, iproute2)';
  }
}

/** A runtime in a directory, a cgroup and on a bridge of its own, and what tests do with it. */
export interface Harness {
  runtime: Runtime;
  readonly dir: string;
  readonly cgroupRoot: string;
  /** A new sandbox; its id and configuration. */
  sandbox(more?: Partial<PodSandboxConfig>): Promise<{ readonly id: string; readonly config: PodSandboxConfig }>;
  /** Creates and starts a container in a new sandbox (or `in`); its id. */
  run(
    command: readonly string[],
    more?: Partial<ContainerConfig>,
    security?: Partial<ContainerSecurity>,
    within?: { readonly id: string; readonly config: PodSandboxConfig },
  ): Promise<string>;
  ended(id: string): Promise<ContainerRuntimeStatus>;
  /** The log file without times: `stdout F text`. */
  log(id: string): Promise<string[]>;
  /** Lets go of the runtime and starts another on the same directories, as a restart of the program does. */
  restart(): Promise<void>;
  /** Removes everything; throws when something is left behind. */
  clean(): Promise<void>;
}

let count = 0;

/** `cni` makes the pods' network where it is given. */
export async function startHarness(cni?: { readonly confDir: string; readonly binDirs: readonly string[] }): Promise<Harness> {
  count += 1;
  const name = `nlt${process.pid.toString(36)}${count}`;
  const dir = mkdtempSync(join(tmpdir(), 'nodelet-runtime-'));
  const cgroupRoot = `/${name}`;
  const start = (): Promise<Runtime> =>
    startProcessRuntime({
      rootDir: `${dir}/run`,
      imagesDir: `${dir}/images`,
      host: systemHost,
      log: silentLogger,
      cgroupRoot,
      bridge: name,
      ...(cni && { cni }),
      subnet: `10.${100 + (process.pid % 100)}.${(count * 8) % 256}.0/24`,
    });
  let pods = 0;
  const harness: Harness = {
    runtime: await start(),
    dir,
    cgroupRoot,
    async sandbox(more = {}) {
      pods += 1;
      const config: PodSandboxConfig = {
        metadata: { name: `pod${pods}`, uid: `uid${pods}`, namespace: 'test', attempt: 0 },
        hostname: `pod${pods}`,
        logDirectory: `${dir}/logs/pod${pods}`,
        dns: { servers: ['192.0.2.53'], searches: ['test.svc.cluster.local'], options: ['ndots:5'] },
        portMappings: [],
        labels: {},
        annotations: {},
        cgroupParent: `${cgroupRoot}/pod${pods}`,
        sysctls: {},
        security: {
          namespaces: { network: 'pod', pid: 'container', ipc: 'pod' },
          privileged: false,
          supplementalGroups: [],
          readonlyRootfs: false,
          seccomp: { type: 'unconfined' },
        },
        ...more,
      };
      return { id: await harness.runtime.runPodSandbox(config), config };
    },
    async run(command, more = {}, security = {}, within) {
      const pod = within ?? (await harness.sandbox());
      const id = await harness.runtime.createContainer(pod.id, containerConfig(command, pod.config, more, security), pod.config);
      await harness.runtime.startContainer(id);
      return id;
    },
    async ended(id) {
      return eventually(async () => {
        const status = await harness.runtime.containerStatus(id);
        return status.state === 'exited' ? status : null;
      });
    },
    async log(id) {
      const { logPath } = await harness.runtime.containerStatus(id);
      return readFileSync(logPath, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => line.replace(/^\S+ /, ''));
    },
    async restart() {
      await harness.runtime.close();
      harness.runtime = await start();
    },
    async clean() {
      for (const pod of await harness.runtime.listPodSandboxes()) await harness.runtime.removePodSandbox(pod.id);
      await harness.runtime.close();
      if (cni === undefined) execFileSync('ip', ['link', 'del', name]);
      try {
        execFileSync('nft', ['delete', 'table', 'ip', `nodelet_${name}`], { stdio: 'ignore' });
      } catch {
        // Without nftables there is no table.
      }
      for (const root of execFileSync('find', ['/sys/fs/cgroup', '-maxdepth', '3', '-type', 'd', '-name', name])
        .toString()
        .split('\n')
        .filter(Boolean)) {
        execFileSync('find', [root, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';']);
      }
      const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .filter((line) => line.includes(dir));
      if (mounts.length > 0) throw new Error(`mounts are left behind: ${mounts.join('\n')}`);
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return harness;
}

export function containerConfig(
  command: readonly string[],
  pod: PodSandboxConfig,
  more: Partial<ContainerConfig> = {},
  security: Partial<ContainerSecurity> = {},
): ContainerConfig {
  const name = more.metadata?.name ?? 'main';
  return {
    metadata: { name, attempt: 0 },
    image: { image: 'host', userSpecified: 'host' },
    command,
    args: [],
    workingDir: '',
    envs: [],
    mounts: [],
    devices: [],
    labels: {},
    annotations: {},
    logPath: `${name}/0.log`,
    stdin: false,
    stdinOnce: false,
    tty: false,
    resources: {},
    security: {
      namespaces: pod.security.namespaces,
      privileged: false,
      addCapabilities: [],
      dropCapabilities: [],
      supplementalGroups: [],
      readonlyRootfs: false,
      noNewPrivs: false,
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
      seccomp: { type: 'unconfined' },
      ...security,
    },
    ...more,
  };
}

/** The near ends of a conversation, for tests to write to and read from. */
export interface Conversation {
  readonly io: CommandIO;
  readonly stdin: Writable;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly resize: (size: TerminalSize) => void;
  readonly leave: AbortController;
}

export function conversation(streams: { readonly stdin?: boolean; readonly stderr?: boolean } = {}): Conversation {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const leave = new AbortController();
  const listeners: ((size: TerminalSize) => void)[] = [];
  let last: TerminalSize | null = null;
  return {
    io: {
      stdin: streams.stdin ? stdin : null,
      stdout,
      stderr: streams.stderr === false ? null : stderr,
      onResize: (listener) => {
        listeners.push(listener);
        if (last) listener(last);
      },
      signal: leave.signal,
    },
    stdin,
    stdout: gather(stdout),
    stderr: gather(stderr),
    resize: (size) => {
      last = size;
      for (const listener of listeners) listener(size);
    },
    leave,
  };
}

function gather(stream: Readable): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}

/** Asks until there is an answer; throws after twenty seconds. */
export async function eventually<T>(ask: () => Promise<T | null> | T | null): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (Date.now() > deadline) throw new Error('it did not come to pass within twenty seconds');
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}
