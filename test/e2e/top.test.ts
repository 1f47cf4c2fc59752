/** The view of `nodelet top` on a real terminal, of a kubelet that is slow, gone, or knows nobody. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { missing, testThatNeeds } from '../support/need.ts';
import { nodelet, PROGRAM, runProgram, startProgram, type RunningProgram } from '../support/program.ts';
import { until } from '../support/until.ts';

const test = testThatNeeds(missing(['script', 'stty', 'ps']));
/** To the other screen, without the cursor, and back. */
const ENTERED = '\u001b[?1049h\u001b[?25l';
const LEFT = '\u001b[?25h\u001b[?1049l';
const time = '2026-01-01T00:00:00Z';
const use = (cores: number, workingSetBytes: number): object => ({
  cpu: { time, usageNanoCores: cores * 1e9 },
  memory: { time, workingSetBytes },
});
const pod = (name: string, cores: number, bytes: number): object => ({
  podRef: { name, namespace: 'default', uid: name },
  startTime: time,
  containers: [],
  ...use(cores, bytes),
});
const SUMMARY = JSON.stringify({
  node: { nodeName: 'n', startTime: time, ...use(1, 2 ** 30) },
  pods: [pod('burns', 0.5, 2 ** 20), pod('holds', 0.1, 2 ** 30), ...Array.from({ length: 40 }, (_, i) => pod(`small-${i}`, 0.001, 1024))],
});

let server: Server;
let port: number;
let answer: RequestListener;
beforeAll(async () => {
  server = createServer((request, response) => answer(request, response));
  port = await listen(server, 0);
});
afterAll(() => close(server));
beforeEach(() => {
  answer = (_, response) => response.end(SUMMARY);
});

test('it shows the pods by what they use, and sorts them as its keys say', async () => {
  const view = await open({ columns: 100, rows: 10 });
  await view.shows(/by cpu/);
  expect(view.frame().slice(2, 5).map(firstWords)).toEqual(['NAMESPACE POD', 'default burns', 'default holds']);
  expect(view.frame()).toHaveLength(9);
  view.type('m');
  await view.shows(/by memory/);
  expect(firstWords(view.frame()[3])).toBe('default holds');
  // An arrow is none of its keys, and does not end it.
  view.type('\u001b[A');
  view.type('n');
  await view.shows(/by name/);
  expect(firstWords(view.frame()[4])).toBe('default holds');
  await view.leave('q');
});

test.each([
  ['q', 'q'],
  ['Ctrl-C', '\u0003'],
  ['Escape', '\u001b'],
  ['q behind another key', 'mq'],
])('%s leaves it, and the terminal is as it was', async (_, key) => {
  const view = await open({ columns: 80, rows: 24 });
  await view.shows(/burns/);
  await view.leave(key);
  const after = view.text().slice(view.text().indexOf('left with'));
  expect(view.text()).toContain(ENTERED);
  expect(view.text()).toContain(`${LEFT}left with 0\r\n`);
  expect(after).toMatch(/ icanon /);
  expect(after).toMatch(/ echo /);
});

test('a signal leaves it in the same way', async () => {
  const view = await open({ columns: 80, rows: 24 });
  await view.shows(/burns/);
  const { stdout } = await runProgram('ps', ['-t', view.tty.replace('/dev/', ''), '-o', 'pid=,args=']);
  const [, pid = ''] = new RegExp(`^ *(\\d+) ${process.execPath} `, 'm').exec(stdout) ?? [];
  process.kill(Number(pid), 'SIGTERM');
  await until('its end', () => view.text().includes('left with 0'));
  expect(view.text()).toContain(`${LEFT}left with 0\r\n`);
  await view.ended;
});

test('it fills the terminal, whatever size that takes', async () => {
  const view = await open({ columns: 60, rows: 8 });
  await view.shows(/burns/);
  for (const [columns, rows] of [
    [40, 5],
    [120, 30],
    [12, 2],
  ] as const) {
    const before = view.frames();
    await runProgram('stty', ['-F', view.tty, 'cols', String(columns), 'rows', String(rows)]);
    await until(`${columns} columns`, () => view.frames() > before && view.frame().length === rows - 1);
    for (const line of view.frame()) expect(line.length).toBeLessThanOrEqual(columns);
    expect(view.frame()[0]).toBe('nodelet top pods   by cpu'.slice(0, columns) + (view.frame()[0] ?? '').slice(25));
  }
  await view.leave('q');
});

test('a kubelet that goes is told of, with what was last known, and shown again when it is back', async () => {
  const own = createServer((_, response) => response.end(SUMMARY));
  const at = await listen(own, 0);
  const view = await open({ columns: 120, rows: 10 }, at);
  await view.shows(/burns/);
  await close(own);
  await view.shows(/no answer from http:\/\/127\.0\.0\.1/);
  expect(view.frame().join('\n')).toContain('burns');
  const again = createServer((_, response) => response.end(SUMMARY));
  await listen(again, at);
  await until('the answer', () => !view.frame().join('\n').includes('no answer'));
  expect(view.frame().join('\n')).toContain('burns');
  await view.leave('q');
  await close(again);
});

test('one that never answers does not keep its user', async () => {
  let asked = false;
  answer = () => (asked = true);
  const view = await open({ columns: 80, rows: 10 });
  await until('the question', () => asked);
  await view.leave('q');
});

test.each<[status: number, body: string, says: RegExp]>([
  [401, 'Unauthorized', /answered 401: Unauthorized\. Say who you are: --token, --token-file or --client-certificate/],
  [403, 'Forbidden (user=x)', /answered 403: Forbidden \(user=x\)\. The user needs a role with the verb get on nodes\/stats/],
  [200, 'not a summary', /the answer is no summary of a kubelet/],
])('an answer of %i says what to do, on a terminal and off it', async (status, body, says) => {
  answer = (_, response) => response.writeHead(status).end(body);
  const view = await open({ columns: 200, rows: 10 });
  await view.shows(says);
  await view.leave('q');
  const off = await nodelet('top', `--kubelet=http://127.0.0.1:${port}`);
  expect([off.code, off.stderr]).toEqual([1, expect.stringMatching(says)]);
});

test('it prints once where there is no terminal', async () => {
  const { code, stdout } = await nodelet('top', `--kubelet=http://127.0.0.1:${port}`);
  expect(code).toBe(0);
  expect(stdout.split('\n').slice(0, 2).map(firstWords)).toEqual(['NAMESPACE POD', 'default burns']);
  expect(stdout).not.toContain('\u001b');
  expect(stdout.trimEnd().split('\n')).toHaveLength(43);
});

test('it goes on where only its input is no terminal', async () => {
  const view = await open({ columns: 80, rows: 24 }, port, '</dev/null');
  await view.shows(/burns/);
  const before = view.frames();
  await until('another look', () => view.frames() > before);
  // The keys of the terminal still mean what they do for every program.
  await view.leave('\u0003', 0);
});

interface View {
  readonly tty: string;
  /** All that came. */
  readonly text: () => string;
  /** How often it was drawn. */
  readonly frames: () => number;
  /** The lines of the last picture. */
  readonly frame: () => string[];
  readonly shows: (what: RegExp) => Promise<unknown>;
  readonly type: (keys: string) => void;
  readonly leave: (key: string, code?: number) => Promise<void>;
  readonly ended: RunningProgram['ended'];
}

/** `nodelet top` on a terminal of its own, in a shell that tells how it ended and how the terminal is then. */
async function open(size: { columns: number; rows: number }, at = port, input = ''): Promise<View> {
  const top = `'${process.execPath}' '${PROGRAM}' top --interval=1 --kubelet=http://127.0.0.1:${at} ${input}`;
  const shell = `trap : INT; tty; stty cols ${size.columns} rows ${size.rows}; ${top}; echo "left with $?"; stty -a`;
  const program = startProgram('script', ['-qec', shell, '/dev/null']);
  // The terminal makes two characters of each end of a line, of which the view writes both itself.
  const text = (): string => program.stdout().replaceAll('\r\r\n', '\r\n');
  const tty = await until('the terminal', () => /^(\/dev\/\S+)\r\n/.exec(text())?.[1]);
  const pictures = (): string[] =>
    text()
      .split('\u001b[H')
      .slice(1)
      .filter((part) => part.includes('\u001b[J'));
  const frame = (): string[] =>
    (pictures().at(-1)?.split('\r\n\u001b[J')[0] ?? '').split('\r\n').map((line) => line.replaceAll('\u001b[K', ''));
  return {
    tty,
    text,
    frames: () => pictures().length,
    frame,
    shows: (what) => until(String(what), () => what.test(frame().join('\n'))),
    type: (keys) => program.write(keys),
    ended: program.ended,
    leave: async (key, code = 0) => {
      program.write(key);
      await until('its end', () => text().includes(`left with ${code}\r\n`));
      await program.ended;
    },
  };
}

const firstWords = (line = ''): string => line.split(/ +/).slice(0, 2).join(' ');

function listen(on: Server, wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    on.once('error', reject);
    on.listen(wanted, '127.0.0.1', () => resolve((on.address() as AddressInfo).port));
  });
}

function close(one: Server): Promise<void> {
  return new Promise((resolve) => {
    one.close(() => resolve());
    one.closeAllConnections();
  });
}
