/** A containerd of a test's own: root, socket, network and images in a directory that goes with it. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeBusyboxImage } from './busybox-image.ts';
import { claimNumber } from './claim.ts';
import { until } from './until.ts';

export interface TestContainerd {
  readonly endpoint: string;
  /** Ids of the containers that run, sandboxes among them. */
  readonly running: () => string[];
  readonly kill: (signal: NodeJS.Signals) => Promise<void>;
  readonly start: () => Promise<void>;
  /** Ends everything that runs and removes what it kept. */
  readonly destroy: () => Promise<void>;
}

const PAUSE = 'registry.k8s.io/pause:3.10';
/** How many fit on one machine: each has a /24 for its pods. */
const SLOTS = 200;
const CNI_PLUGINS = ['/usr/lib/cni', '/opt/cni/bin'];

export async function startContainerd(): Promise<TestContainerd> {
  const root = mkdtempSync(join(tmpdir(), 'nodelet-ctrd-'));
  const slot = await claimNumber('containerd', SLOTS);
  const bridge = `ntctrd${slot.number}`;
  const socket = join(root, 's');
  const config = join(root, 'config.toml');
  mkdirSync(join(root, 'cni'));
  const network = {
    cniVersion: '0.4.0',
    name: bridge,
    plugins: [
      {
        type: 'bridge',
        bridge,
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          dataDir: join(root, 'ipam'),
          ranges: [[{ subnet: `10.96.${slot.number}.0/24` }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
  writeFileSync(join(root, 'cni', '10-bridge.conflist'), JSON.stringify(network));
  writeFileSync(
    config,
    `version = 2
root = "${root}/root"
state = "${root}/state"
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${CNI_PLUGINS.find((path) => exists(path)) ?? ''}"
    conf_dir = "${root}/cni"
`,
  );
  let child: ChildProcess | undefined;
  const ctr = (...args: string[]): string => execFileSync('ctr', ['-a', socket, '-n', 'k8s.io', ...args], { stdio: 'pipe' }).toString();

  async function start(): Promise<void> {
    const log = openSync(join(root, 'log'), 'a');
    const started = spawn('containerd', ['--config', config], { stdio: ['ignore', log, log] });
    closeSync(log);
    child = started;
    await until('containerd to answer', () => {
      if (started.exitCode !== null) throw new Error(`containerd ended: ${readFileSync(join(root, 'log'), 'utf8').slice(-2000)}`);
      return ctr('version') !== '';
    });
  }

  async function kill(signal: NodeJS.Signals): Promise<void> {
    const running = child;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise((ok) => {
      running.once('exit', ok);
    });
    running.kill(signal);
    await gone;
  }

  const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
  const running = (): string[] =>
    lines(ctr('tasks', 'ls'))
      .flatMap((line) => (line.includes('RUNNING') ? [line.split(/\s+/)[0] ?? ''] : []))
      .sort();

  async function destroy(): Promise<void> {
    for (const id of running()) ctr('tasks', 'rm', '-f', id);
    for (const id of lines(ctr('containers', 'ls', '-q'))) ctr('containers', 'rm', id);
    await kill('SIGTERM');
    execFileSync('sh', [
      '-c',
      `ip link delete ${bridge} 2>/dev/null; grep -o ' ${root}/[^ ]*' /proc/mounts | sort -r | xargs -r umount -l; true`,
    ]);
    await slot.release();
    rmSync(root, { recursive: true, force: true });
  }

  try {
    await start();
    writeBusyboxImage(join(root, 'busybox.tar'));
    writeBusyboxImage(join(root, 'pause.tar'), [PAUSE], ['sleep', '2147483647']);
    for (const image of ['busybox.tar', 'pause.tar']) ctr('images', 'import', join(root, image));
  } catch (error) {
    await kill('SIGKILL');
    throw error;
  }
  return { endpoint: `unix://${socket}`, running, kill, start, destroy };
}

function exists(path: string): boolean {
  try {
    readFileSync(join(path, 'bridge'));
    return true;
  } catch {
    return false;
  }
}
