import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WITHOUT_EFFECT } from './flags-page.ts';
import { flagTexts, KUBELET_FLAGS, type KubeletFlag } from './flags.ts';

const src = resolve(import.meta.dirname, '..');
/** What reads and describes settings does not honour them. */
const TABLES = /kubelet\/(flags|flags-page|config|config-validation)\.ts$|api\/schema\/|\.test\.ts$/;

function* sources(directory: string): Generator<string> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (path.endsWith('.ts') && !TABLES.test(path)) yield readFileSync(path, 'utf8');
  }
}

describe('the page of flags', () => {
  it('calls no flag honoured whose setting no code reads', () => {
    const code = [...sources(join(src, 'kubelet')), ...sources(join(src, 'cli')), ...sources(join(src, 'util'))].join('\n');
    const unread = (KUBELET_FLAGS as readonly KubeletFlag[]).filter(({ name, field }) => {
      const last = field?.split('.').pop() ?? name;
      return !WITHOUT_EFFECT.has(name) && !code.includes(last);
    });
    expect(unread.map(({ name }) => name)).toEqual([]);
  });

  it('names only flags that exist', () => {
    const names = new Set<string>(KUBELET_FLAGS.map(({ name }) => name));
    expect([...WITHOUT_EFFECT].filter((name) => !names.has(name))).toEqual([]);
  });
});

describe('/flagz', () => {
  it('names no flag that the original has not', () => {
    expect(Object.keys(flagTexts({ values: {} }))).not.toContain('legacy-endpoints');
  });
});
