/** Imports go one way: the table of rooms in ARCHITECTURE.md, enforced. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOMS: Readonly<Record<string, readonly string[]>> = {
  api: [],
  util: [],
  net: ['api', 'util'],
  auth: ['api', 'util', 'net'],
  metrics: ['util'],
  client: ['api', 'util', 'net'],
  runtime: ['api', 'util', 'net'],
  kubelet: ['api', 'util', 'net', 'auth', 'metrics', 'client', 'runtime'],
  apiserver: ['api', 'util', 'net', 'auth', 'metrics', 'client'],
  controllers: ['api', 'util', 'client', 'metrics'],
  services: ['api', 'util', 'client', 'metrics'],
  monitoring: ['api', 'util', 'net', 'auth', 'client', 'metrics'],
  cli: ['api', 'util', 'net', 'auth', 'metrics', 'client', 'runtime', 'kubelet', 'apiserver', 'controllers', 'services', 'monitoring'],
};
/** The packages that the product may use, and where. */
const PACKAGES: Readonly<Record<string, RegExp>> = {
  'js-yaml': /^api\//,
  lmdb: /^apiserver\/store\//,
  '@bufbuild/protobuf': /^(runtime\/cri|net\/grpc|kubelet\/devices)\//,
  ws: /^(net|apiserver|kubelet)\//,
  fzstd: /^runtime\/images\//,
  'dns-packet': /^services\/dns\//,
  '@lydell/node-pty': /^runtime\/process\//,
};
const TEST_PACKAGES = new Set([
  'vitest',
  'fast-check',
  'jose',
  'ws',
  'lmdb',
  'esbuild',
  '@bufbuild/protobuf',
  '@connectrpc/connect',
  '@connectrpc/connect-node',
]);

const src = resolve(import.meta.dirname, '../src');

function* files(directory: string): Generator<string> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else if (entry.name.endsWith('.ts')) yield path;
  }
}

function importsOf(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(/(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s+'([^']+)'|import\('([^']+)'\)|(?:^|\n)import '([^']+)'/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  );
}

test('every import goes the way the table of rooms allows', () => {
  const wrong: string[] = [];
  for (const path of files(src)) {
    const here = relative(src, path);
    const room = here.split('/')[0] ?? '';
    const isTest = path.endsWith('.test.ts') || /\/(testing|test-support)\b/.test(path);
    for (const target of importsOf(path)) {
      if (target.startsWith('node:')) continue;
      if (target.startsWith('.')) {
        const there = relative(src, resolve(dirname(path), target));
        const other = there.split('/')[0] ?? '';
        if (there.startsWith('..')) {
          if (!isTest) wrong.push(`${here} reaches out of src: ${target}`);
        } else if (other !== room && !(ROOMS[room] ?? []).includes(other) && !isTest) wrong.push(`${here} → ${there}`);
        continue;
      }
      const allowed = PACKAGES[target];
      if (allowed?.test(here) !== true && !(isTest && TEST_PACKAGES.has(target))) wrong.push(`${here} → package ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('every folder of src is a room of the table', () => {
  const folders = readdirSync(src, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map((entry) => entry.name).filter((name) => !Object.hasOwn(ROOMS, name))).toEqual([]);
});
