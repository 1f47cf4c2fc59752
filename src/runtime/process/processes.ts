import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Host } from '../../util/host.ts';
import { readKernelFile } from './kernel-files.ts';
import { MARK } from './scripts.ts';
import { helperEnvironment } from './tools.ts';

/** Bytes of a script's complaint that are kept. */
const MAX_COMPLAINT = 4096;

/** A process told apart from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat. */
  readonly start: string;
}

/** Reads the first line of /proc/PID/stat; null when it is not one. The program's name may hold blanks and parentheses. */
export function parseProcessStat(text: string): ProcessIdentity | null {
  const match = /^(\d+) \(.*\) (.+)$/s.exec(text.trim());
  const start = match?.[2]?.split(' ')[19];
  return match?.[1] && start ? { pid: Number(match[1]), start } : null;
}

/** The process that wrote down its stat line, or its bare number where there is no /proc; null when it is gone. */
export async function identify(host: Host, text: string): Promise<ProcessIdentity | null> {
  const known = parseProcessStat(text);
  if (known || !/^\d+\s*$/.test(text)) return known;
  const start = await startByPs(host, Number(text));
  return start === '' ? null : { pid: Number(text), start };
}

/** Whether exactly this process is there and not a zombie. */
export async function isAlive(host: Host, process: ProcessIdentity): Promise<boolean> {
  if (/[^\d]/.test(process.start)) return (await startByPs(host, process.pid)) === process.start;
  const text = readKernelFile(`/proc/${process.pid}/stat`);
  return parseProcessStat(text)?.start === process.start && !/^\d+ \(.*\) [ZX]/s.test(text);
}

/** When a process started, in ps's words; empty when it is gone. */
async function startByPs(host: Host, pid: number): Promise<string> {
  const outcome = await host.processes.run('ps', ['-o', 'lstart=', '-p', String(pid)], { env: { ...helperEnvironment } });
  return outcome.stdout.toString().trim();
}

/** How long the helpers take at least: nobody looks before. */
const BECOMING_FIRST_MS = 2;
/** Before the second look at a process that is about to become its command; doubled each time, up to the last. */
const BECOMING_AGAIN_MS = 1;
const BECOMING_LONGEST_MS = 8;
/** A command that looks like our own helpers is not waited for any longer. */
const BECOMING_MAX_MS = 1_000;

/**
 * Resolves when a process is no longer one of our helpers, whose command lines begin with one of `helpers` (words ended
 * by NUL). As the first of its namespace it is deaf to signals until then, and its command would never hear of them.
 */
export async function awaitCommand(host: Host, { pid }: ProcessIdentity, helpers: readonly string[]): Promise<void> {
  const { clock } = host;
  const deadline = clock.monotonic() + BECOMING_MAX_MS;
  await clock.sleep(BECOMING_FIRST_MS);
  for (let pauseMs = BECOMING_AGAIN_MS; clock.monotonic() < deadline; pauseMs = Math.min(pauseMs * 2, BECOMING_LONGEST_MS)) {
    const words = readKernelFile(`/proc/${pid}/cmdline`);
    // Empty in the midst of an exec, and for a zombie.
    const isHelper =
      words === '' ? /^\d+ \(.*\) [^ZX]/s.test(readKernelFile(`/proc/${pid}/stat`)) : helpers.some((start) => words.startsWith(start));
    if (!isHelper) return;
    await clock.sleep(pauseMs);
  }
}

/** Between looks at a process that does not hear a signal yet. */
const LISTENING_EVERY_MS = 5;
/** A command that has no handler by then is taken to want none. */
const LISTENING_MAX_MS = 1_000;

/**
 * Sends a signal, and once more when it fell on deaf ears: the kernel drops what the first process of a namespace has no
 * handler for, and a command that was started a moment ago may not have come to install its own.
 */
export async function signalOnceHeard(host: Host, { pid }: ProcessIdentity, signal: number, given: AbortSignal): Promise<void> {
  const { clock, processes } = host;
  const hears = (): ReturnType<typeof hearsSignal> => hearsSignal(readKernelFile(`/proc/${pid}/status`), signal);
  let heard = hears();
  processes.kill(pid, signal);
  if (heard !== 'not yet') return;
  const deadline = clock.monotonic() + LISTENING_MAX_MS;
  while (heard === 'not yet' && clock.monotonic() < deadline) {
    await clock.sleep(LISTENING_EVERY_MS, given);
    if (given.aborted) return;
    heard = hears();
  }
  if (heard === 'yes') processes.kill(pid, signal);
}

/** Reads /proc/PID/status: `not yet` for the first process of a namespace that neither handles nor ignores the signal. */
export function hearsSignal(status: string, signal: number): 'yes' | 'not yet' | 'never' {
  const has = (mask: string): boolean => {
    const bits = new RegExp(`^${mask}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1];
    return bits !== undefined && (BigInt(`0x${bits}`) >> BigInt(signal - 1)) % 2n === 1n;
  };
  const numbers = /^NSpid:\s*(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
  if (has('SigCgt')) return 'yes';
  return numbers.length > 1 && numbers.at(-1) === '1' && !has('SigIgn') ? 'not yet' : 'never';
}

/** Host pids of a process's children. */
export function childrenOf(pid: number): number[] {
  const text = readKernelFile(`/proc/${pid}/task/${pid}/children`);
  return text.split(' ').filter(Boolean).map(Number);
}

/** What a script said on descriptor 3. */
export interface ScriptVerdict {
  readonly mark: keyof typeof MARK | 'none';
  /** Whatever else it wrote there: messages of its helpers. */
  readonly text: string;
}

/** What a script's words on descriptor 3 come to. */
export function verdictOf(said: string): ScriptVerdict {
  const lines = said.split('\n');
  const marks = Object.entries(MARK);
  const found = marks.find(([, line]) => lines.includes(line))?.[0];
  const rest = lines
    .filter((line) => !marks.some(([, mark]) => mark === line))
    .join('\n')
    .trim();
  return { mark: isMark(found) ? found : 'none', text: rest };
}

/** Reads descriptor 3 until the script says that all is well, or ends. */
export function readVerdict(stream: Readable): Promise<ScriptVerdict> {
  return new Promise((resolve) => {
    let text = '';
    const settle = (): void => {
      resolve(verdictOf(text));
      stream.destroy();
    };
    stream.on('data', (chunk: Buffer) => {
      if (text.length < MAX_COMPLAINT) text += chunk.toString('utf8');
      if (text.includes(`${MARK.ok}\n`)) settle();
    });
    stream.on('error', settle);
    stream.on('end', settle);
  });
}

/** Starts a command in a session of its own that outlives this program; `status` is its descriptor 3. */
export function startDetached(command: string, args: readonly string[]): { readonly child: ChildProcess; readonly status: Readable } {
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    env: { ...helperEnvironment },
    cwd: '/',
  });
  child.on('error', () => undefined);
  child.unref();
  return { child, status: pipeOf(child, 3) };
}

/** A readable pipe of a child. */
export function pipeOf(child: ChildProcess, index: number): Readable {
  const stream = child.stdio[index];
  if (!stream || !('read' in stream)) throw new Error(`descriptor ${index} of the child is no pipe`);
  return stream;
}

function isMark(text: string | undefined): text is keyof typeof MARK {
  return text !== undefined && Object.hasOwn(MARK, text);
}
