import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BYTES, Reader } from '../../../api/protobuf/wire.ts';
import { systemClock } from '../../../util/clock.ts';
import { cpuProfile } from './cpu.ts';
import { encodeProfile, type Profile } from './encode.ts';
import { createHeapSampler, heapText } from './heap.ts';
import { resourcesProfile, resourcesText } from './resources.ts';

/** The strings of an encoded profile, and how often each field of the outer message is there. */
function outline(encoded: Buffer): { strings: string[]; fields: Record<number, number> } {
  const bytes = gunzipSync(encoded);
  const reader = new Reader(bytes);
  const strings: string[] = [];
  const fields: Record<number, number> = {};
  while (!reader.done) {
    const tag = reader.varint();
    const field = tag >> 3;
    fields[field] = (fields[field] ?? 0) + 1;
    if (field === 6 && (tag & 7) === BYTES) strings.push(Buffer.from(reader.chunk()).toString());
    else reader.skip(tag & 7);
  }
  return { strings, fields };
}

describe('encodeProfile', () => {
  it('writes each function, location and string once', () => {
    const [outer, inner] = [
      { name: 'outer', file: 'a.js', line: 1 },
      { name: 'inner', file: 'a.js', line: 2 },
    ];
    const samples = [
      { stack: [inner, outer], values: [3] },
      { stack: [{ ...inner, line: 5 }, outer], values: [1] },
    ];
    const { strings, fields } = outline(encodeProfile({ valueTypes: [{ type: 'samples', unit: 'count' }], samples, timeMs: 1 }));
    expect(strings).toEqual(['', 'samples', 'count', 'inner', 'a.js', 'outer', process.execPath]);
    expect(fields).toEqual({ 1: 1, 2: 2, 3: 1, 4: 3, 5: 2, 6: 7, 9: 1 });
  });
});

describe('cpuProfile', () => {
  it('sees what the process works on', async () => {
    let sum = 0;
    function busyWork(): void {
      for (const end = performance.now() + 60; performance.now() < end;) sum += Math.sqrt(sum + 1);
      if (!stopped) setImmediate(busyWork);
    }
    let stopped = false;
    setImmediate(busyWork);
    const profile = await cpuProfile(300, systemClock, new AbortController().signal);
    stopped = true;
    expect(profile.samples.some(({ stack }) => stack.some(({ name }) => name === 'busyWork'))).toBe(true);
    expect(outline(encodeProfile(profile)).strings).toContain('busyWork');
    expect(sum).toBeGreaterThan(0);
  });
});

describe('createHeapSampler', () => {
  const kept: unknown[] = [];
  function keepMuch(): void {
    for (let i = 0; i < 200; i++) kept.push(Array.from({ length: 20_000 }, () => i));
  }
  function throwAway(): number {
    let length = 0;
    for (let i = 0; i < 500; i++) length += Array.from({ length: 20_000 }, () => i).length;
    return length;
  }

  it('sees what is kept, and what is allocated, each with bytes; both may be asked at once', async () => {
    const sampler = createHeapSampler(systemClock);
    const { signal } = new AbortController();
    const first = sampler.live(50, signal, false);
    const working = setInterval(() => {
      if (kept.length < 200) keepMuch();
      throwAway();
    }, 10);
    await first;
    const [live, allocated] = await Promise.all([sampler.live(50, signal, true), sampler.allocated(100, signal)]);
    clearInterval(working);
    sampler.close();
    const bytesIn = (profile: Profile, name: string): number =>
      profile.samples.reduce((sum, { stack, values }) => sum + (stack.some((f) => f.name === name) ? (values[1] ?? 0) : 0), 0);
    expect(live.valueTypes.map(({ type }) => type)).toEqual(['inuse_objects', 'inuse_space']);
    expect(bytesIn(live, 'keepMuch')).toBeGreaterThan(10_000_000);
    expect(bytesIn(allocated, 'throwAway')).toBeGreaterThan(10_000_000);
    expect(outline(encodeProfile(live)).strings).toContain('keepMuch');
    expect(heapText(live)).toMatch(/^heap profile: \d+: \d+ \[\d+: \d+\] @ heap\/1048576\n/);
    kept.length = 0;
  });
});

const go = ['/usr/local/go/bin/go', '/usr/bin/go'].find((path) => existsSync(path));
const mayRunGo = go !== undefined && spawnSync(go, ['tool', 'pprof', '-h'], { timeout: 60_000 }).error === undefined;

describe.skipIf(!mayRunGo)('go tool pprof', () => {
  it('reads every kind of profile', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'pprof-'));
    const sampler = createHeapSampler(systemClock);
    const { signal } = new AbortController();
    const profiles = {
      cpu: await cpuProfile(50, systemClock, signal),
      heap: await sampler.live(50, signal, false),
      allocs: await sampler.allocated(50, signal),
      goroutine: resourcesProfile(Date.now()),
    };
    sampler.close();
    for (const [name, profile] of Object.entries(profiles)) {
      const file = join(dir, name);
      writeFileSync(file, encodeProfile(profile));
      const { status, stdout, stderr } = spawnSync(go ?? 'go', ['tool', 'pprof', '-raw', file], { timeout: 60_000 });
      expect([name, status, String(stderr)]).toEqual([name, 0, '']);
      expect(String(stdout)).toContain('PeriodType:');
    }
    rmSync(dir, { recursive: true });
  });
});

describe('resourcesText', () => {
  it('counts what keeps the process alive', () => {
    expect(resourcesText()).toMatch(/^goroutine profile: total \d+\n/);
  });
});
