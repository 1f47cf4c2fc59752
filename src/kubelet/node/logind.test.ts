import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { resources } from '../../api/resources.ts';
import type { Node } from '../../api/types.ts';
import { systemHost, type Host } from '../../util/host.ts';
import { eventually, startTestNode, type TestNode } from '../testing/node.ts';

const FAKE = fileURLToPath(new URL('testing/fake-logind.py', import.meta.url));
const TOOLS = ['dbus-daemon', 'busctl', 'systemd-inhibit', 'python3'];
const missing = TOOLS.filter((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0);

const busConfig = (socket: string): string => `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=${socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`;

interface Machine {
  readonly host: Host;
  /** What the logind of the machine has seen. */
  readonly said: string[];
  /** What the kubelet wrote for it. */
  readonly written: () => string;
  tell(line: string): void;
  close(): Promise<void>;
}

/** A machine with a bus and a logind of its own; nothing of the real one is touched. */
async function startMachine(): Promise<Machine> {
  const directory = await mkdtemp(join(tmpdir(), 'nodelet-logind-'));
  const socket = join(directory, 'bus');
  await writeFile(join(directory, 'bus.conf'), busConfig(socket));
  const daemon = spawn('dbus-daemon', [`--config-file=${directory}/bus.conf`, '--nofork', '--nopidfile'], { stdio: 'ignore' });
  await vi.waitFor(() => access(socket), { timeout: 20_000 });
  const fake: ChildProcessByStdio<Writable, Readable, null> = spawn('python3', [FAKE, socket], { stdio: ['pipe', 'pipe', 'inherit'] });
  const said: string[] = [];
  createInterface({ input: fake.stdout }).on('line', (line) => said.push(line));
  const tell = (line: string): void => void fake.stdin.write(`${line}\n`);
  await eventually(() => said.includes('ready'), 'logind');
  const env = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${socket}` };
  let written = '';
  const { files, processes } = systemHost;
  const isOfLogind = (path: unknown): boolean => typeof path === 'string' && path.startsWith('/etc/systemd/');
  const host: Host = {
    ...systemHost,
    files: {
      ...files,
      mkdir: (async (path: string, options: object) => (isOfLogind(path) ? undefined : files.mkdir(path, options))) as typeof files.mkdir,
      writeFile: (async (path: string, text: string, options?: object) => {
        if (isOfLogind(path)) written = text;
        else await files.writeFile(path, text, options);
      }) as typeof files.writeFile,
    },
    processes: {
      ...processes,
      spawn: (command, args, options) => processes.spawn(command, args, { ...options, env }),
      run: async (command, args, options) => {
        if (command !== 'systemctl') return processes.run(command, args, { ...options, env });
        tell(`delay ${Number(/InhibitDelayMaxSec=(\d+)/.exec(written)?.[1] ?? 5) * 1_000_000}`);
        return { code: 0, signal: null, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
      },
    },
  };
  return {
    host,
    said,
    written: () => written,
    tell,
    async close() {
      fake.kill();
      daemon.kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const nodeOf = ({ api }: TestNode): Node => (api.objects(resources.nodes)[0] ?? {}) as Node;

const config = { shutdownGracePeriod: '30s', shutdownGracePeriodCriticalPods: '10s' };
const pod = (name: string, priority: number) => ({ metadata: { name }, spec: { priority, containers: [{ name, image: 'busybox:1.36' }] } });

describe.skipIf(missing.length > 0 && process.env['CI'] !== 'true')('a shutdown that logind tells of', { timeout: 60_000 }, () => {
  let machine: Machine;
  beforeEach(async () => {
    machine = await startMachine();
  }, 60_000);
  afterEach(() => machine.close());

  it('is held up, ends the pods by their priority, makes the node not ready, and goes on', async () => {
    const node = await startTestNode({ host: machine.host, config });
    try {
      await eventually(() => machine.said.includes('inhibit shutdown kubelet delay'), 'the inhibitor');
      expect(machine.written()).toContain('InhibitDelayMaxSec=30');
      for (const [name, priority] of [
        ['critical', 2_000_000_000],
        ['plain', 0],
      ] as const)
        node.api.createPod(pod(name, priority));
      await eventually(() => ['plain', 'critical'].every((name) => node.api.pod(name)?.status.phase === 'Running'), 'both pods');
      // The monitor listens a moment after it was started: a signal that it missed is sent again.
      await eventually(() => {
        machine.tell('shutdown true');
        return nodeOf(node).status?.conditions?.some((c) => c.type === 'Ready' && c.message === 'node is shutting down');
      }, 'the condition');
      expect(nodeOf(node).status?.conditions?.find((c) => c.type === 'Ready')).toMatchObject({
        status: 'False',
        reason: 'KubeletNotReady',
      });
      await eventually(() => machine.said.includes('released'), 'the release');
      const stops = node.runtime.calls.filter((call) => call.startsWith('stopContainer'));
      expect(stops).toEqual(['stopContainer plain 20', 'stopContainer critical 10']);
      expect(node.api.pod('plain')?.status).toMatchObject({ phase: 'Failed', reason: 'Terminated' });
      node.api.createPod(pod('late', 0));
      await eventually(() => node.api.pod('late')?.status.reason === 'NodeShutdown', 'the refusal');
      machine.tell('shutdown false');
      await eventually(() => machine.said.filter((line) => line.startsWith('inhibit')).length === 2, 'the next inhibitor');
      await eventually(() => nodeOf(node).status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'), 'a ready node');
    } finally {
      await node.close();
    }
    await eventually(() => machine.said.filter((line) => line === 'released').length === 2, 'the end of the inhibitor');
  });

  it('is not waited for longer than it already is', async () => {
    machine.tell('delay 60000000');
    const node = await startTestNode({ host: machine.host, config });
    try {
      await eventually(() => machine.said.some((line) => line.startsWith('inhibit')), 'the inhibitor');
      expect(machine.written()).toBe('');
    } finally {
      await node.close();
    }
  });
});

it('is tried wherever everything must be', () => {
  expect(process.env['CI'] === 'true' ? missing : []).toEqual([]);
});
