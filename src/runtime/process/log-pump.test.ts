import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemHost, type Host } from '../../util/host.ts';
import { silentLogger } from '../../util/log.ts';
import { openLogPump, type LogPlaces, type LogPump } from './log-pump.ts';

let dir: string;
let places: LogPlaces;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nodelet-pump-'));
  places = { stdout: join(dir, 'stdout'), stderr: join(dir, 'stderr'), cursor: join(dir, 'cursor'), log: join(dir, 'logs/c/0.log') };
  for (const file of [places.stdout, places.stderr]) writeFileSync(file, '');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const open = (host: Host = systemHost): Promise<LogPump> => openLogPump(host, places, silentLogger);
const lines = (file = places.log): string[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => line.replace(/^\S+ /, ''));

describe('the log pump', () => {
  it('carries both streams and ends with what is unterminated', async () => {
    const pump = await open();
    appendFileSync(places.stdout, 'one\ntw');
    appendFileSync(places.stderr, 'err\n');
    await pump.wake();
    expect(lines()).toEqual(['stdout F one', 'stderr F err']);
    appendFileSync(places.stdout, 'o\nend');
    await pump.finish();
    await pump.close();
    expect(lines()).toEqual(['stdout F one', 'stderr F err', 'stdout F two', 'stdout P end']);
  });

  it('goes on after a restart where it was, in the middle of a line too', async () => {
    const first = await open();
    appendFileSync(places.stdout, 'one\nhal');
    await first.wake();
    await first.close();
    appendFileSync(places.stdout, 'f\nthree\n');
    const second = await open();
    await second.finish();
    await second.close();
    expect(lines()).toEqual(['stdout F one', 'stdout F half', 'stdout F three']);
  });

  it('cuts off lines that were written after the last cursor, as after a kill, and writes them once', async () => {
    const first = await open();
    appendFileSync(places.stdout, 'one\n');
    await first.wake();
    const cursor = readFileSync(places.cursor);
    appendFileSync(places.stdout, 'two\nthree\n');
    await first.wake();
    await first.close();
    writeFileSync(places.cursor, cursor);
    const second = await open();
    await second.finish();
    await second.close();
    expect(lines()).toEqual(['stdout F one', 'stdout F two', 'stdout F three']);
  });

  it('begins anew with a cursor that is damaged', async () => {
    writeFileSync(places.cursor, '{"stdout":');
    appendFileSync(places.stdout, 'one\n');
    const pump = await open();
    await pump.finish();
    await pump.close();
    expect(lines()).toEqual(['stdout F one']);
  });

  it('writes on in a new file after a rotation', async () => {
    const pump = await open();
    appendFileSync(places.stdout, 'one\n');
    await pump.wake();
    renameSync(places.log, `${places.log}.1`);
    appendFileSync(places.stdout, 'two\n');
    await pump.reopen();
    appendFileSync(places.stdout, 'three\n');
    await pump.finish();
    await pump.close();
    expect(lines(`${places.log}.1`)).toEqual(['stdout F one', 'stdout F two']);
    expect(lines()).toEqual(['stdout F three']);
  });

  it('gives the space of raw output back, but not what a reader still needs', async () => {
    const pump = await open();
    let offset = 0;
    const hold = pump.hold('stdout', () => offset);
    const block = `${'x'.repeat(1023)}\n`.repeat(12 * 1024);
    appendFileSync(places.stdout, block);
    await pump.wake();
    const before = statSync(places.stdout).blocks;
    offset = block.length;
    hold.done();
    appendFileSync(places.stdout, 'more\n');
    await pump.wake();
    await pump.close();
    expect(statSync(places.stdout).size).toBe(block.length + 5);
    expect(before * 512).toBeGreaterThanOrEqual(block.length);
    expect(statSync(places.stdout).blocks * 512).toBeLessThan(block.length / 2);
    expect(lines()).toHaveLength(12 * 1024 + 1);
  });

  it('loses nothing when the log cannot be written for a while', async () => {
    let broken = false;
    const files: Host['files'] = {
      ...systemHost.files,
      open: async (...args) => {
        const handle = await systemHost.files.open(...args);
        const append = handle.appendFile.bind(handle);
        handle.appendFile = (...data) => (broken ? Promise.reject(new Error('no space left on device')) : append(...data));
        return handle;
      },
    };
    const pump = await open({ ...systemHost, files });
    appendFileSync(places.stdout, 'one\nt');
    await pump.wake();
    broken = true;
    appendFileSync(places.stdout, 'wo\nthree\n');
    await pump.wake();
    broken = false;
    await pump.finish();
    await pump.close();
    expect(lines()).toEqual(['stdout F one', 'stdout F two', 'stdout F three']);
  });
});
