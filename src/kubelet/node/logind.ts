/**
 * What systemd-logind tells of shutdowns, through systemd's own tools: `systemd-inhibit` holds the machine up, `busctl` tells.
 * Machines without logind do not tell, as with the original.
 */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Timer } from '../../util/clock.ts';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import type { ShutdownSource } from './shutdown.ts';

const LOGIND_DIR = '/etc/systemd/logind.conf.d';
const LOGIND = ['org.freedesktop.login1', '/org/freedesktop/login1', 'org.freedesktop.login1.Manager'];
const MICROSECONDS = 1_000_000;
const RETRY_MS = 1000;
/** How long logind gets to read its configuration again, and how often it is asked. */
const REREAD_MS = 5000;
const REREAD_EVERY_MS = 100;
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
  const { processes } = host;
  const alive = await processes.run('busctl', ['--system', 'status', 'org.freedesktop.login1']).catch(() => undefined);
  if (alive?.code !== 0) {
    log.warn('Pods are not ended in order when this machine shuts down: there is no systemd-logind');
    return undefined;
  }
  try {
    if ((await waits(processes)) < seconds) await askToWait(host, seconds);
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
  let retry: Timer | undefined;
  let closed = false;
  const hold = (): ChildProcess => {
    const child = processes.spawn('systemd-inhibit', inhibit, { stdio: 'ignore', detached: true });
    child.on('error', (error) => log.warn('The shutdown cannot be held up', { err: errorText(error) }));
    // Held until it is let go: a bus or a logind that restarted has forgotten it.
    child.on('exit', () => {
      if (lock !== child) return;
      host.clock.after(RETRY_MS, () => {
        if (lock === child && !closed) lock = hold();
      });
    });
    return child;
  };
  function watch(told: (shuttingDown: boolean) => void): void {
    monitor = processes.spawn('busctl', ['monitor', '--system', '--json=short', `--match=${MATCH}`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    monitor.on('error', (error) => log.warn('Shutdowns cannot be seen', { err: errorText(error) }));
    monitor.on('exit', () => {
      if (closed) return;
      log.warn('Shutdowns are not told any more: asking again');
      retry = host.clock.after(RETRY_MS, () => watch(told));
    });
    if (monitor.stdout === null) return;
    createInterface({ input: monitor.stdout }).on('line', (line) => {
      const signal = shutdownSignal(line);
      if (signal === undefined) return;
      if (!signal) lock ??= hold();
      told(signal);
    });
  }
  const release = (): void => {
    // The tool and what it runs: the lock lasts as long as either.
    if (lock?.pid !== undefined) processes.kill(-lock.pid, 'SIGTERM');
    lock = undefined;
  };
  lock = hold();
  return {
    follow: watch,
    release,
    close() {
      closed = true;
      retry?.cancel();
      release();
      monitor?.kill();
    },
  };
}

/** Seconds that logind waits for those who hold a shutdown up. */
async function waits(processes: Host['processes']): Promise<number> {
  const { code, stdout, stderr } = await processes.run('busctl', ['--system', 'get-property', ...LOGIND, 'InhibitDelayMaxUSec']);
  const found = /^t (\d+)$/m.exec(stdout.toString())?.[1];
  if (code !== 0 || found === undefined) throw new Error(`InhibitDelayMaxUSec could not be read: ${stderr.toString().trim()}`);
  return Number(found) / MICROSECONDS;
}

/** Writes a file for logind and lets it read that. Rejects when it still waits for less. */
async function askToWait({ files, processes, clock }: Host, seconds: number): Promise<void> {
  await files.mkdir(LOGIND_DIR, { recursive: true });
  await files.writeFile(`${LOGIND_DIR}/99-kubelet.conf`, `# Kubelet logind override\n[Login]\nInhibitDelayMaxSec=${seconds}\n`);
  await processes.run('systemctl', ['kill', '--signal=HUP', 'systemd-logind']);
  const end = clock.monotonic() + REREAD_MS;
  for (;;) {
    const now = await waits(processes);
    if (now >= seconds) return;
    if (clock.monotonic() > end)
      throw new Error(
        `node shutdown manager was unable to update logind InhibitDelayMaxSec to ${seconds}s (ShutdownGracePeriod), current value of InhibitDelayMaxSec (${now}s) is less than requested ShutdownGracePeriod`,
      );
    await clock.sleep(REREAD_EVERY_MS);
  }
}
