/** Every field of a pod, absent, null, huge and of a wrong kind, as a static pod: no API server has looked at it before the kubelet does. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { FieldRecord } from '../../api/schema/record.ts';
import { schema } from '../../api/schema/schema.ts';
import { eventually, startTestNode } from '../testing/node.ts';
import { fastHost } from '../testing/fast-host.ts';
import { readManifest } from './manifest.ts';

const MAX_DEPTH = 7;
const WRONG: readonly unknown[] = [
  null,
  '',
  'x',
  'x'.repeat(70_000),
  '../../etc',
  '\u0000',
  0,
  -1,
  2 ** 53,
  1e308,
  true,
  [],
  [null],
  {},
  { x: null },
];
const table = schema as Readonly<Record<string, { readonly fields?: Readonly<Record<string, FieldRecord>> }>>;

/** Calls `found` with a way to set each field, however deep. */
function* fields(type: string, depth = 0): Generator<(value: unknown) => unknown> {
  if (depth > MAX_DEPTH) return;
  for (const [name, field] of Object.entries(table[type]?.fields ?? {})) {
    const wrap = (value: unknown): unknown => (field.list ? [value] : field.map ? { k: value } : value);
    yield (value) => ({ [name]: value });
    if (field.list ?? field.map) yield (value) => ({ [name]: wrap(value) });
    for (const inner of fields(field.type, depth + 1)) yield (value) => (field.inline ? inner(value) : { [name]: wrap(inner(value)) });
  }
}

/** The second laid over the first; lists by their first item. */
function over(base: unknown, change: unknown): unknown {
  if (Array.isArray(base) && Array.isArray(change) && change.length > 0) return [over(base[0], change[0]), ...base.slice(1)];
  if (!isPlain(base) || !isPlain(change)) return change;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(change)) merged[key] = Object.hasOwn(base, key) ? over(base[key], value) : value;
  return merged;
}
const isPlain = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const BASE = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'c', image: 'busybox:1' }], volumes: [{ name: 'v', emptyDir: {} }] },
};
const ORIGIN = { nodeName: 'node-a', kind: 'file', location: '/f' } as const;
/** Pods that a kubelet then runs, one in so many of those that it takes. */
const SAMPLE = 40;

it('is refused with words, or runs and harms no other', { timeout: 120_000 }, async () => {
  const taken: string[] = [];
  let read = 0;
  for (const part of ['PodSpec', 'ObjectMeta'] as const)
    for (const set of fields(part === 'PodSpec' ? 'core/v1.PodSpec' : 'meta/v1.ObjectMeta'))
      for (const value of read % 2 === 0 ? WRONG : WRONG.slice(0, 9)) {
        read += 1;
        const change = part === 'PodSpec' ? { spec: set(value) } : { metadata: set(value) };
        const text = JSON.stringify(over({ ...BASE, metadata: { name: `p${read}` } }, change));
        try {
          readManifest(text, ORIGIN);
          if (read % SAMPLE === 0) taken.push(text);
        } catch (error) {
          expect(error, text.slice(0, 300)).toBeInstanceOf(Error);
          if (error instanceof TypeError || error instanceof RangeError) throw new Error(text.slice(0, 500), { cause: error });
        }
      }
  expect(read).toBeGreaterThan(5000);

  const directory = await mkdtemp(join(tmpdir(), 'nodelet-manifests-'));
  await mkdir(join(directory, 'm'));
  await Promise.all(taken.map((text, i) => writeFile(join(directory, 'm', `${i}.json`), text)));
  await writeFile(join(directory, 'm/last.json'), JSON.stringify({ ...BASE, metadata: { name: 'last' } }));
  const node = await startTestNode({
    standalone: true,
    host: fastHost(20),
    images: ['busybox:1'],
    config: { staticPodPath: join(directory, 'm'), maxPods: 1000 },
  });
  try {
    const runs = (): boolean =>
      node.kubelet.view.pods().some(({ metadata, status }) => metadata.name === 'last-node-a' && status?.phase === 'Running');
    await eventually(runs, 'the pod that is well');
    await rm(join(directory, 'm'), { recursive: true });
    await mkdir(join(directory, 'm'));
    await eventually(() => node.kubelet.view.pods().length === 0, 'the end of them all');
  } finally {
    await node.close();
    await rm(directory, { recursive: true, force: true });
  }
});
