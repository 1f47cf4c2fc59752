/**
 * What systemd-logind tells of shutdowns, through systemd's own tools: `systemd-inhibit` holds the machine up, `busctl` tells.
 * Machines without logind do not tell, as with the original.
 */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import type { ShutdownSource } from './shutdown.ts';

const LOGIND_DIR = '/etc/systemd/logind.conf.d';
const MATCH = "type='signal',interface='org.freedesktop.login1.Manager',member='PrepareForShutdown',path='/org/freedesktop/login1'";

/** Whether a line of `busctl monitor --json=short` says that a shutdown begins (true), is called off (false), or neither. */
export function shutdownSignal(line: string): boolean | undefined {
  try {
    const { member, payload } = JSON.parse(line) as { member?: unknown; payload?: { data?: unknown } };
    const [value] = Array.isArray(payload?.data) ? (payload.data as unknown[]) : [];
    return member === 'PrepareForShutdown' && typeof value === 'boolean' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Connects to logind; undefined when this machine has none. `seconds` is how long it must wait for us. */
export async function logindSource(host: Host, log: Logger, seconds: number): Promise<ShutdownSource | undefined> {
  const { files, processes } = host;
  const alive = await processes.run('busctl', ['--system', 'status', 'org.freedesktop.login1']).catch(() => undefined);
  if (alive?.code !== 0) {
    log.warn('Pods are not ended in order when this machine shuts down: there is no systemd-logind');
    return undefined;
  }
  try {
    await files.mkdir(LOGIND_DIR, { recursive: true });
    await files.writeFile(`${LOGIND_DIR}/99-kubelet.conf`, `# Kubelet logind override\n[Login]\nInhibitDelayMaxSec=${seconds}\n`);
    await processes.run('systemctl', ['kill', '--signal=HUP', 'systemd-logind']);
  } catch (error) {
    log.warn('systemd-logind could not be told how long to wait', { seconds, err: errorText(error) });
  }
  const inhibit = [
    '--what=shutdown',
    '--who=kubelet',
    '--why=Kubelet needs time to handle node shutdown',
    '--mode=delay',
    'sleep',
    'infinity',
  ];
  let lock: ChildProcess | undefined;
  let monitor: ChildProcess | undefined;
  const hold = (): ChildProcess => {
    const child = processes.spawn('systemd-inhibit', inhibit, { stdio: 'ignore', detached: true });
    child.on('error', (error) => log.warn('The shutdown cannot be held up', { err: errorText(error) }));
    return child;
  };
  const release = (): void => {
    // The tool and what it runs: the lock lasts as long as either.
    if (lock?.pid !== undefined) processes.kill(-lock.pid, 'SIGTERM');
    lock = undefined;
  };
  lock = hold();
  return {
    follow(told) {
      monitor = processes.spawn('busctl', ['monitor', '--system', '--json=short', `--match=${MATCH}`], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      monitor.on('error', (error) => log.warn('Shutdowns cannot be seen', { err: errorText(error) }));
      if (monitor.stdout === null) return;
      createInterface({ input: monitor.stdout }).on('line', (line) => {
        const signal = shutdownSignal(line);
        if (signal === undefined) return;
        if (!signal) lock ??= hold();
        told(signal);
      });
    },
    release,
    close() {
      release();
      monitor?.kill();
    },
  };
}
