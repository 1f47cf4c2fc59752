import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { systemHost } from '../../util/host.ts';
import { silentLogger } from '../../util/log.ts';
import { openCgroups } from './cgroups.ts';

const root = mkdtempSync(join(tmpdir(), 'nodelet-cgroups-'));
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('a cpuset below one that was made empty has the CPUs of the first ancestor that has some', async () => {
  const tree = join(root, 'cpuset');
  mkdirSync(join(tree, 'made', 'before'), { recursive: true });
  for (const directory of ['', 'made', 'made/before']) {
    writeFileSync(join(tree, directory, 'cpuset.cpus'), directory === '' ? '0-3\n' : '\n');
    writeFileSync(join(tree, directory, 'cpuset.mems'), directory === '' ? '0\n' : '\n');
  }
  const cgroups = openCgroups(systemHost, { version: 1, controllers: new Map([['cpuset', tree]]), unified: null }, silentLogger);
  await cgroups.create('/made/before/pod');
  for (const directory of ['made', 'made/before', 'made/before/pod']) {
    expect(existsSync(join(tree, directory))).toBe(true);
    expect(readFileSync(join(tree, directory, 'cpuset.cpus'), 'utf8').trim()).toBe('0-3');
    expect(readFileSync(join(tree, directory, 'cpuset.mems'), 'utf8').trim()).toBe('0');
  }
});
