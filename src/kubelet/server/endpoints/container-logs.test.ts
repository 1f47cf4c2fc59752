import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PodStatus } from '../../../api/types.ts';
import type { KubeletServerHandle } from '../server.ts';
import { ask, fakeRuntime, fakeView, runningStatus, startTestServer, until, type Ask, type FakeRuntime } from '../testing.ts';

const token = 'admin:*';
const line = (text: string): string => `2026-11-21T10:11:51.945001453Z stdout F ${text}\n`;

let dir: string;
let log: string;
let runtime: FakeRuntime;
let server: KubeletServerHandle | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'container-logs-'));
  log = join(dir, '0.log');
  runtime = fakeRuntime();
  runtime.logs.set('c1', log);
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(dir, { recursive: true });
});

async function get(path: string, status: PodStatus = runningStatus(), options: Ask = {}): ReturnType<typeof ask> {
  server ??= await startTestServer({}, { view: fakeView(runtime, status) });
  return ask(server.addresses.secure?.port ?? 0, path, { token, ...options });
}

const container = (state: object, more: object = {}): PodStatus => ({
  containerStatuses: [{ name: 'main', ready: false, restartCount: 0, image: 'host', imageID: 'host', state, ...more }],
});

describe('the errors of /containerLogs, in their order', () => {
  const waiting = (reason: string): PodStatus => container({ waiting: { reason } });
  const cases: [string, PodStatus, number, string][] = [
    ['/containerLogs/web/nope/x?tailLines=x', {}, 400, '{"message": "Unable to decode query."}'],
    ['/containerLogs/web/nope/x?tailLines=-1', {}, 422, '{"message": "Invalid request."}'],
    ['/containerLogs/web/nope/x', {}, 404, 'pod "nope" does not exist'],
    ['/containerLogs/web/logger/nope', {}, 404, 'container "nope" not found in pod "logger"'],
    [
      '/containerLogs/web/logger/main?stream=Stdout',
      {},
      400,
      'unable to return the given log stream: "Stdout". Please enable PodLogsQuerySplitStreams feature gate in kubelet',
    ],
    ['/containerLogs/web/logger/main', {}, 400, 'container "main" in pod "logger" is not available'],
    [
      '/containerLogs/web/logger/main?previous=true',
      container({ running: {} }, { containerID: 'process://c1' }),
      400,
      'previous terminated container "main" in pod "logger" not found',
    ],
    ['/containerLogs/web/logger/main', container({ terminated: { exitCode: 1 } }), 400, 'container "main" in pod "logger" is terminated'],
    [
      '/containerLogs/web/logger/main',
      waiting('ErrImagePull'),
      400,
      'container "main" in pod "logger" is waiting to start: image can\'t be pulled',
    ],
    [
      '/containerLogs/web/logger/main',
      waiting('ImagePullBackOff'),
      400,
      'container "main" in pod "logger" is waiting to start: trying and failing to pull image',
    ],
    [
      '/containerLogs/web/logger/main',
      waiting('ContainerCreating'),
      400,
      'container "main" in pod "logger" is waiting to start: ContainerCreating',
    ],
    ['/containerLogs/web/logger/main', container({}), 400, 'container "main" in pod "logger" is waiting to start - no logs yet'],
  ];
  for (const [path, status, code, text] of cases)
    it(`${path} answers ${code} ${text}`, async () => {
      const answer = await get(path, status);
      expect([answer.status, answer.body]).toEqual([code, text]);
    });

  it('says in a 200 answer that the runtime lost the container', async () => {
    const answer = await get('/containerLogs/web/logger/main', container({ running: {} }, { containerID: 'process://lost' }));
    expect([answer.status, answer.body]).toEqual([200, 'unable to retrieve container logs for process://lost']);
  });

  it('says in a 200 answer that the file is not there', async () => {
    const answer = await get('/containerLogs/web/logger/main');
    expect(answer.body).toBe(`failed to try resolving symlinks in path "${log}": lstat ${log}: no such file or directory`);
  });
});

describe('the log', () => {
  it('comes chunked and without a type', async () => {
    writeFileSync(log, line('one') + line('two'));
    const { status, headers, body } = await get('/containerLogs/web/logger/main');
    expect([status, headers['content-type'], headers['transfer-encoding'], body]).toEqual([200, undefined, 'chunked', 'one\ntwo\n']);
  });

  it('of the instance before comes with previous', async () => {
    writeFileSync(join(dir, 'old.log'), line('first'));
    runtime.logs.set('c0', join(dir, 'old.log'));
    const status = container(
      { running: {} },
      { containerID: 'process://c1', lastState: { terminated: { exitCode: 3, containerID: 'process://c0' } } },
    );
    expect((await get('/containerLogs/web/logger/main?previous=true', status)).body).toBe('first\n');
  });

  it('of a crashed container is the last one while it waits', async () => {
    writeFileSync(log, line('crashed'));
    const status = container(
      { waiting: { reason: 'CrashLoopBackOff' } },
      { lastState: { terminated: { exitCode: 1, containerID: 'process://c1' } } },
    );
    expect((await get('/containerLogs/web/logger/main', status)).body).toBe('crashed\n');
  });

  it('is cut to its tail and to a limit', async () => {
    writeFileSync(log, ['a', 'b', 'c', 'd'].map(line).join(''));
    expect((await get('/containerLogs/web/logger/main?tailLines=3&limitBytes=5')).body).toBe('b\nc\nd');
  });

  it('of many megabytes arrives whole', async () => {
    const text = 'x'.repeat(150);
    writeFileSync(log, line(text).repeat(100_000));
    const { body } = await get('/containerLogs/web/logger/main');
    expect(body.length).toBe(151 * 100_000);
    expect(body.endsWith(`${text}\n`)).toBe(true);
  });
});

describe('a log that is not one', () => {
  const root = (): string => join(dir, 'root');
  const place = (): string => {
    mkdirSync(join(root(), 'pod/main'), { recursive: true });
    const path = join(root(), 'pod/main/0.log');
    runtime.logs.set('c1', path);
    return path;
  };

  it('is refused when a link leads out of the directory of logs', async () => {
    writeFileSync(join(dir, 'secret'), line('secret'));
    for (const [target, link] of [
      [join(dir, 'secret'), '0.log'],
      ['../../../secret', '0.log'],
    ] as const) {
      const path = place();
      rmSync(path, { force: true });
      symlinkSync(target, join(dirname(path), link));
      const { body } = await get('/containerLogs/web/logger/main');
      expect(body).toBe(`failed to open log file ${JSON.stringify(path)}: path escapes from parent`);
    }
  });

  it('is refused when it is a pipe or a directory, without waiting for it', async () => {
    const path = place();
    execFileSync('mkfifo', [path]);
    expect((await get('/containerLogs/web/logger/main?follow=true')).body).toContain('not a regular file');
    rmSync(path);
    mkdirSync(path);
    expect((await get('/containerLogs/web/logger/main')).body).toContain('not a regular file');
  });

  it('does not follow a link that takes its place after a rotation', async () => {
    const path = place();
    writeFileSync(path, line('one'));
    writeFileSync(join(dir, 'secret'), line('secret'));
    let seen = '';
    const answer = get('/containerLogs/web/logger/main?follow=true', runningStatus(), { onPart: (part) => (seen += part) });
    await until(() => seen === 'one\n');
    renameSync(path, `${path}.20261121-101151`);
    symlinkSync(join(dir, 'secret'), path);
    runtime.ended.add('c1');
    runtime.emit({ type: 'containerStopped', id: 'c1', podUid: 'u', at: 0 });
    expect((await answer).body).toBe('one\n');
  });
});

describe('following', () => {
  const end = (): void => {
    runtime.ended.add('c1');
    runtime.emit({ type: 'containerStopped', id: 'c1', podUid: 'u', at: 0 });
  };

  it('sends lines as they come and ends with the container', async () => {
    writeFileSync(log, line('one'));
    let seen = '';
    const answer = get('/containerLogs/web/logger/main?follow=true', runningStatus(), { onPart: (part) => (seen += part) });
    await until(() => seen === 'one\n');
    appendFileSync(log, line('two'));
    await until(() => seen === 'one\ntwo\n');
    appendFileSync(log, '2026-11-21T10:11:51.945001453Z stdo');
    appendFileSync(log, 'ut F three\n');
    appendFileSync(log, line('last'));
    end();
    expect((await answer).body).toBe('one\ntwo\nthree\nlast\n');
  });

  it('begins at the tail', async () => {
    writeFileSync(log, line('one') + line('two'));
    end();
    expect((await get('/containerLogs/web/logger/main?follow=true&tailLines=1')).body).toBe('two\n');
  });

  it('goes on in the new file after rotation, with no line lost or doubled', async () => {
    writeFileSync(log, line('0'));
    let seen = '';
    const answer = get('/containerLogs/web/logger/main?follow=true', runningStatus(), { onPart: (part) => (seen += part) });
    await until(() => seen === '0\n');
    let expected = '0\n';
    for (let i = 1; i <= 20; i++) {
      appendFileSync(log, line(`${i} before`));
      renameSync(log, `${log}.${i}`);
      appendFileSync(`${log}.${i}`, line(`${i} late`));
      writeFileSync(log, line(`${i} after`));
      expected += `${i} before\n${i} late\n${i} after\n`;
      await until(() => seen === expected);
    }
    end();
    expect((await answer).body).toBe(expected);
  });

  it('loses and doubles nothing when files are rotated, compressed and removed faster than they are read', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('line', 'rotate', 'compress', 'wait'), { minLength: 5, maxLength: 40 }), async (steps) => {
        const path = join(mkdtempSync(join(dir, 'run-')), '0.log');
        runtime.logs.set('c1', path);
        runtime.ended.delete('c1');
        writeFileSync(path, line('begin'));
        let seen = '';
        const answer = get('/containerLogs/web/logger/main?follow=true', runningStatus(), { onPart: (part) => (seen += part) });
        let expected = 'begin\n';
        await until(() => seen === expected);
        const rotated: string[] = [];
        let written = 0;
        let rotations = 0;
        for (const step of steps) {
          if (step === 'line') {
            appendFileSync(path, line(`${++written}`));
            expected += `${written}\n`;
          } else if (step === 'rotate') {
            const time = new Date(Date.now() + rotations++ * 1000);
            const two = (n: number): string => String(n).padStart(2, '0');
            const date = `${time.getFullYear()}${two(time.getMonth() + 1)}${two(time.getDate())}`;
            const name = `${path}.${date}-${two(time.getHours())}${two(time.getMinutes())}${two(time.getSeconds())}`;
            renameSync(path, name);
            writeFileSync(path, '');
            rotated.push(name);
          } else if (step === 'compress' && rotated.length > 1) {
            const name = rotated.splice(-2, 1)[0] ?? '';
            writeFileSync(`${name}.gz`, gzipSync(readFileSync(name)));
            rmSync(name);
          } else if (step === 'wait') await until(() => seen === expected);
        }
        await until(() => seen === expected);
        end();
        expect((await answer).body).toBe(expected);
      }),
      { numRuns: 60, interruptAfterTimeLimit: 20_000 },
    );
  });

  it('begins again in a file that was emptied in place', async () => {
    writeFileSync(log, line('one') + line('two'));
    let seen = '';
    const answer = get('/containerLogs/web/logger/main?follow=true', runningStatus(), { onPart: (part) => (seen += part) });
    await until(() => seen === 'one\ntwo\n');
    writeFileSync(log, line('new'));
    await until(() => seen === 'one\ntwo\nnew\n');
    end();
    await answer;
  });

  it('stops at the limit', async () => {
    writeFileSync(log, line('0123456789'));
    expect((await get('/containerLogs/web/logger/main?follow=true&limitBytes=4')).body).toBe('0123');
  });
});
