import * as fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { tailStart } from './tail.ts';

const dir = mkdtempSync(join(tmpdir(), 'tail-test-'));
afterAll(() => rmSync(dir, { recursive: true }));

async function tail(text: string, lines: number): Promise<string> {
  const path = join(dir, 'log');
  writeFileSync(path, text);
  const file = await open(path, 'r');
  try {
    return text.slice(await tailStart(file, lines));
  } finally {
    await file.close();
  }
}

describe('tailStart', () => {
  const cases: [string, number, string][] = [
    ['', 3, ''],
    ['a\n', 0, ''],
    ['a\nb\n', 1, 'b\n'],
    ['a\nb\n', 2, 'a\nb\n'],
    ['a\nb\n', 9, 'a\nb\n'],
    ['a\nb', 0, 'b'],
    ['a\nb\nc', 1, 'b\nc'],
    ['\n\n\n', 2, '\n\n'],
  ];
  for (const [text, lines, expected] of cases)
    it(`finds the last ${lines} of ${JSON.stringify(text)}`, async () => {
      expect(await tail(text, lines)).toBe(expected);
    });

  it('finds them across blocks', async () => {
    const text = Array.from({ length: 5000 }, (_, i) => `${i} ${'x'.repeat(i % 97)}\n`).join('');
    for (const lines of [1, 100, 2000, 4999]) expect((await tail(text, lines)).split('\n').length - 1).toBe(lines);
  });

  it('gives the last lines of any text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ maxLength: 5 }).map((s) => `${s.replace(/[^a-z]/g, '')}\n`)),
        fc.nat(20),
        async (parts, lines) => {
          expect(await tail(parts.join(''), lines)).toBe(parts.slice(Math.max(0, parts.length - lines)).join(''));
        },
      ),
      { numRuns: 50 },
    );
  });
});
