import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { RuntimeError } from '../runtime.ts';
import { pipeOf } from './processes.ts';
import { helperEnvironment } from './tools.ts';

/** Starts programs from a small shell: forking this process copies its page tables, and holds its loop up 0.1 ms a MB. */
export interface Launcher {
  /** Makes it ready before it is needed. */
  open(): void;
  /** Runs a command to its end; its exit code. What it writes is appended to the file `said`, which may be /dev/null. */
  run(said: string, command: readonly string[]): Promise<number>;
  /**
   * Starts a command that outlives this program, in a session without a terminal, with the file `said` as its descriptor 3.
   * Resolves when it says `$NODELET_JOB` on descriptor 7, with what it says on that line besides.
   */
  detach(said: string, command: readonly string[]): Promise<string>;
  /**
   * Runs a command whose descriptors 0 to 3 are named pipes `0` to `3`, made in `directory`. Resolves when they are there
   * and the command waits for somebody to open their other ends.
   */
  pipe(directory: string, command: readonly string[]): Promise<PipedCommand>;
  /** Lets the shell go; what was started goes on. */
  close(): Promise<void>;
}

export interface PipedCommand {
  readonly pid: number;
  /** Its exit code; 128 and the signal's number when one ended it. Rejects when the launcher ends first. */
  readonly exited: Promise<number>;
}

/** The pipes for a command could not be made: it was not started. */
export class NoPipes extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NoPipes';
  }
}

interface Shell {
  send(text: string): void;
  readonly jobs: Map<string, Job>;
  readonly ended: Promise<void>;
  end(): void;
  /** Keeps this program until it has ended. */
  hold(): void;
}

const PIPES = 'pipes ';

interface Job {
  readonly settle: (rest: string) => void;
  /** The pipes of a piped job are there. */
  readonly piped?: (pid: number) => void;
  readonly fail: (error: Error) => void;
}

/** `scripts` is the directory of the host's scripts. */
export function openLauncher(scripts: string): Launcher {
  let shell: Shell | null = null;
  let serial = 0;

  function start(): Shell {
    const child = spawn('sh', [`${scripts}/launcher.sh`], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore', 'ignore', 'ignore', 'ignore', 'ignore', 'pipe'],
      env: { ...helperEnvironment },
      cwd: '/',
    });
    const jobs = new Map<string, Job>();
    const said = pipeOf(child, 7);
    said.on('error', () => undefined);
    createInterface({ input: said }).on('line', (line) => {
      const [id = ''] = line.split(' ', 1);
      const rest = line.slice(id.length + 1);
      const job = jobs.get(id);
      if (job?.piped && rest.startsWith(PIPES)) job.piped(Number(rest.slice(PIPES.length)));
      else {
        job?.settle(rest);
        jobs.delete(id);
      }
      if (jobs.size === 0 && said instanceof Socket) said.unref();
      // A word from the shell's children is a child that may have ended: it collects them when it hears of something.
      if (shell === own) own.send('\n');
    });
    const ended = new Promise<void>((resolve) => {
      const over = (): void => {
        if (shell === own) shell = null;
        for (const job of jobs.values()) job.fail(new RuntimeError('unknown', 'the launcher of the process runtime has ended'));
        jobs.clear();
        said.destroy();
        resolve();
      };
      child.on('error', over);
      child.on('exit', over);
    });
    child.stdin?.on('error', () => undefined);
    const own: Shell = {
      jobs,
      ended,
      send(text) {
        if (jobs.size > 0 && said instanceof Socket) said.ref();
        child.stdin?.write(text);
      },
      end: () => void child.stdin?.end(),
      hold: () => child.ref(),
    };
    // It keeps this program only while there is a job.
    child.unref();
    for (const stream of [child.stdin, said]) if (stream instanceof Socket) stream.unref();
    return own;
  }

  function launch(
    kind: 'run' | 'detach' | 'piped',
    said: string,
    command: readonly string[],
    piped?: (pid: number) => void,
  ): Promise<string> {
    return new Promise((resolve, reject) => {
      const words = command.map(asLines).join('');
      const to = (shell ??= start());
      serial += 1;
      const id = String(serial);
      to.jobs.set(id, { settle: resolve, fail: reject, ...(piped && { piped }) });
      to.send(`${id}\n${kind}\n${said}\n${command.length}\n${words}`);
    });
  }

  return {
    open: () => void (shell ??= start()),
    run: async (said, command) => Number(await launch('run', said, command)),
    detach: (said, command) => launch('detach', said, command),
    pipe: (directory, command) =>
      new Promise((resolve, reject) => {
        const exited = launch('piped', directory, command, (pid) => resolve({ pid, exited })).then(Number);
        exited.then(() => reject(new NoPipes(`no pipes could be made in ${directory}`)), reject);
      }),
    async close() {
      const last = shell;
      if (!last) return;
      last.end();
      last.hold();
      await last.ended;
    },
  };
}

/** A string as the number of its lines and the lines: a shell can read that without taking any of it for its own. Throws for NUL. */
function asLines(text: string): string {
  if (text.includes('\0')) throw new RuntimeError('invalidArgument', 'a command or an environment variable has a NUL byte');
  return `${text.split('\n').length}\n${text}\n`;
}
