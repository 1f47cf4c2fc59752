import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BYTES, Reader } from '../../../api/protobuf/wire.ts';
import { systemClock } from '../../../util/clock.ts';
import { cpuProfile } from './cpu.ts';
import { encodeProfile } from './encode.ts';
import { resourcesText } from './resources.ts';

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
    expect(strings).toEqual(['', 'samples', 'count', 'inner', 'a.js', 'outer']);
    expect(fields).toEqual({ 1: 1, 2: 2, 4: 3, 5: 2, 6: 6, 9: 1 });
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

describe('resourcesText', () => {
  it('counts what keeps the process alive', () => {
    expect(resourcesText()).toMatch(/^goroutine profile: total \d+\n/);
  });
});
