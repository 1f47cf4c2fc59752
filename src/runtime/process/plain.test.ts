import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemHost } from '../../util/host.ts';
import { silentLogger } from '../../util/log.ts';
import type { PodSandboxConfig, Runtime } from '../runtime.ts';
import { plainUser } from './plain.ts';
import { startProcessRuntime } from './process-runtime.ts';
import { containerConfig, conversation, eventually } from './testing/harness.ts';

describe('the process runtime without root', () => {
  let dir: string;
  let runtime: Runtime;
  let pod: string;
  let config: PodSandboxConfig;
  const start = (): Promise<Runtime> =>
    startProcessRuntime({ rootDir: join(dir, 'run'), imagesDir: join(dir, 'images'), host: systemHost, log: silentLogger, plain: true });

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'nodelet-plain-'));
    config = {
      metadata: { name: 'pod', uid: 'uid', namespace: 'test', attempt: 0 },
      hostname: 'pod',
      logDirectory: join(dir, 'logs'),
      portMappings: [],
      labels: {},
      annotations: {},
      cgroupParent: '/nodelet/pod',
      sysctls: {},
      security: {
        namespaces: { network: 'pod', pid: 'container', ipc: 'pod' },
        privileged: false,
        supplementalGroups: [],
        readonlyRootfs: false,
        seccomp: { type: 'unconfined' },
      },
    };
    runtime = await start();
    pod = await runtime.runPodSandbox(config);
  });
  afterEach(async () => {
    await runtime.removePodSandbox(pod);
    await runtime.close();
    rmSync(dir, { recursive: true, force: true });
  });

  async function run(command: readonly string[], more = {}): Promise<string> {
    const id = await runtime.createContainer(pod, containerConfig(command, config, more), config);
    await runtime.startContainer(id);
    return id;
  }

  const ended = (id: string): Promise<number> =>
    eventually(async () => {
      const status = await runtime.containerStatus(id);
      return status.state === 'exited' ? status.exitCode : null;
    });

  it('says what is missing', async () => {
    const { notices, conditions } = await runtime.status();
    expect(notices.join(' ')).toContain('plain process groups');
    expect(conditions.every((condition) => condition.status)).toBe(true);
    expect(await runtime.podSandboxStatus(pod)).toMatchObject({ ips: [], network: 'node', state: 'ready' });
  });

  it('runs commands with their environment, log and exit code, and executes beside them', async () => {
    const id = await run(['sh', '-c', 'echo "$A"; echo err >&2; sleep 0.2; exit 4'], {
      envs: [{ key: 'A', value: 'x  y' }],
      workingDir: '/tmp',
    });
    const result = await runtime.execSync(id, ['sh', '-c', 'pwd; echo "$A"; exit 2'], 5);
    expect([result.stdout.toString(), result.exitCode]).toEqual(['/tmp\nx  y\n', 2]);
    expect(await ended(id)).toBe(4);
    const { logPath } = await runtime.containerStatus(id);
    expect(
      readFileSync(logPath, 'utf8')
        .split('\n')
        .map((line) => line.replace(/^\S+ /, ''))
        .toSorted((a, b) => a.localeCompare(b)),
    ).toEqual(['', 'stderr F err', 'stdout F x  y']);
    await expect(run(['nope'], { metadata: { name: 'bad', attempt: 0 } })).rejects.toThrow('executable file not found in $PATH');
  });

  it('ends what a container has left in its process group', async () => {
    const id = await run(['sh', '-c', 'sleep 300 & echo $!; exit 0']);
    expect(await ended(id)).toBe(0);
    const { logPath } = await runtime.containerStatus(id);
    const left = Number(readFileSync(logPath, 'utf8').trim().split(' ').at(-1));
    await eventually(() => (systemHost.processes.kill(left, 0) ? null : true));
  });

  it('takes up what runs after a restart, and stops it', async () => {
    const id = await run(['sh', '-c', 'echo ready; sleep 300']);
    await runtime.close();
    runtime = await start();
    expect((await runtime.containerStatus(id)).state).toBe('running');
    await runtime.stopContainer(id, 5);
    expect(await ended(id)).toBe(143);
  });

  it('attaches to input and output', async () => {
    const id = await run(['sh', '-c', 'read x; echo "got $x"; cat; exit 3'], { stdin: true, stdinOnce: true });
    const target = await runtime.attach({ containerId: id, stdin: true, stdout: true, stderr: true, tty: false });
    const talk = conversation({ stdin: true });
    const done = target.kind === 'local' ? target.run(talk.io) : null;
    talk.stdin.end('word\nmore\n');
    expect(await done).toEqual({ kind: 'exited', code: 0 });
    expect(talk.stdout()).toBe('got word\nmore\n');
    expect(await ended(id)).toBe(3);
  });

  it('does not pretend to be another user', () => {
    const security = containerConfig([], config).security;
    expect(plainUser(security).uid).toBe(process.getuid?.());
    expect(() => plainUser({ ...security, runAsUser: 12_345 })).toThrow('a container cannot run as user 12345');
  });
});
