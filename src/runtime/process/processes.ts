import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Host } from '../../util/host.ts';
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
  const text = await host.files.readFile(`/proc/${process.pid}/stat`, 'utf8').catch(() => '');
  return parseProcessStat(text)?.start === process.start && !/^\d+ \(.*\) [ZX]/s.test(text);
}

/** When a process started, in ps's words; empty when it is gone. */
async function startByPs(host: Host, pid: number): Promise<string> {
  const outcome = await host.processes.run('ps', ['-o', 'lstart=', '-p', String(pid)], { env: { ...helperEnvironment } });
  return outcome.stdout.toString().trim();
}

/** Host pids of a process's children. */
export async function childrenOf(host: Host, pid: number): Promise<number[]> {
  const text = await host.files.readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

/** What a script said on descriptor 3. */
export interface ScriptVerdict {
  readonly mark: keyof typeof MARK | 'none';
  /** Whatever else it wrote there: messages of its helpers. */
  readonly text: string;
}

/** Reads descriptor 3 until the script says that all is well, or ends. */
export function readVerdict(stream: Readable): Promise<ScriptVerdict> {
  return new Promise((resolve) => {
    let text = '';
    const settle = (): void => {
      const lines = text.split('\n');
      const marks = Object.entries(MARK);
      const found = marks.find(([, line]) => lines.includes(line));
      const rest = lines
        .filter((line) => !marks.some(([, mark]) => mark === line))
        .join('\n')
        .trim();
      resolve({ mark: isMark(found?.[0]) ? found[0] : 'none', text: rest });
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
