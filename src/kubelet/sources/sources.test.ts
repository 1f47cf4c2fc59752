import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resources } from '../../api/resources.ts';
import type { Pod } from '../../api/types.ts';
import { eventually, startTestNode, type TestNode } from '../testing/node.ts';
import { readManifest, type ManifestOrigin } from './manifest.ts';

const origin: ManifestOrigin = { nodeName: 'Node-A', kind: 'file', location: '/m/web.yaml' };
const manifest = (name: string, more = ''): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec:\n  containers: [{name: c, image: "busybox:1.36"}]\n${more}`;

describe('readManifest', () => {
  it('makes a pod of this node', () => {
    const [pod] = readManifest(manifest('web'), origin);
    expect(pod).toMatchObject({
      metadata: { name: 'web-node-a', namespace: 'default', annotations: { 'kubernetes.io/config.hash': pod?.metadata.uid } },
      spec: { nodeName: 'Node-A', restartPolicy: 'Always', tolerations: [{ operator: 'Exists', effect: 'NoExecute' }] },
      status: { phase: 'Pending' },
    });
    expect(pod?.metadata.uid).toMatch(/^[0-9a-f]{32}$/);
  });
  it('gives a uid that changes with content, node and place alone', () => {
    const uid = (text: string, of: ManifestOrigin = origin): string | undefined => readManifest(text, of)[0]?.metadata.uid;
    expect(uid(manifest('web'))).toBe(uid(manifest('web')));
    expect(
      new Set([
        uid(manifest('web')),
        uid(manifest('web', '  hostname: x\n')),
        uid(manifest('web'), { ...origin, nodeName: 'b' }),
        uid(manifest('web'), { ...origin, location: '/x' }),
      ]).size,
    ).toBe(4);
  });
  it('reads JSON and lists', () => {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'j' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    expect(readManifest(JSON.stringify({ apiVersion: 'v1', kind: 'PodList', items: [pod] }), origin)).toHaveLength(1);
  });
  it.each([
    ['', 'empty'],
    ['kind: Service\napiVersion: v1\n', 'expected a v1 Pod'],
    ['[1, 2', /./],
    [manifest('web', '  bogus: 1\n'), 'unknown field "spec.bogus"'],
    [manifest('web', '  serviceAccountName: x\n'), 'pod "web-node-a" has forbidden references to API objects: ServiceAccount "x"'],
    [manifest('web', '  volumes: [{name: v, configMap: {name: x}}]\n'), 'forbidden references to API objects: ConfigMap volume "v"'],
    ['apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: []}\n', 'spec.containers: Required value'],
    ['apiVersion: v1\nkind: Pod\nmetadata: {}\nspec: {containers: [{name: c}]}\n', 'metadata.name: Required value'],
  ])('says what is wrong with %j', (text, message) => {
    expect(() => readManifest(text, origin)).toThrow(message);
  });
  it('throws nothing but errors, whatever it reads', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          return Array.isArray(readManifest(text, origin));
        } catch (error) {
          return error instanceof Error;
        }
      }),
    );
  });
});

describe('static pods', () => {
  let dir = '';
  let node: TestNode | undefined;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'manifests-'));
  });
  afterEach(async () => {
    await node?.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('run from a directory without an API server, and follow its files', async () => {
    await mkdir(join(dir, 'sub'));
    await writeFile(join(dir, '.hidden'), manifest('hidden'));
    await writeFile(join(dir, 'bad.yaml'), 'kind: [');
    await writeFile(join(dir, 'web.yaml'), manifest('web'));
    node = await startTestNode({ standalone: true, config: { staticPodPath: dir } });
    const { view } = node.kubelet;
    await eventually(() => view.pod('default', 'web-node-a')?.status.phase === 'Running');
    expect(view.pods().map((p) => [p.metadata.name, p.metadata.annotations?.['kubernetes.io/config.source']])).toEqual([
      ['web-node-a', 'file'],
    ]);
    await writeFile(join(dir, 'two.yaml'), manifest('two'));
    await eventually(() => view.pod('default', 'two-node-a')?.status.phase === 'Running');
    await rm(join(dir, 'web.yaml'));
    const { runtime } = node;
    await eventually(() => view.pods().length === 1 && runtime.sandboxes.size === 1);
  });

  it('are mirrored in the API server, and stay when the mirror is deleted', async () => {
    await writeFile(join(dir, 'web.yaml'), manifest('web'));
    node = await startTestNode({ config: { staticPodPath: dir } });
    const { api, runtime } = node;
    await eventually(() => api.objects(resources.nodes).length === 1);
    const mirror = await eventually(() => api.pod('web-node-a')?.status.phase === 'Running' && api.pod('web-node-a'), 'the mirror to run');
    const [pod] = node.kubelet.view.pods();
    expect(mirror.metadata.annotations?.['kubernetes.io/config.mirror']).toBe(pod?.metadata.uid);
    expect(mirror.metadata.uid).not.toBe(pod?.metadata.uid);
    const started = runtime.calls.filter((c) => c.startsWith('startContainer')).length;
    api.deletePod('web-node-a', 0);
    await eventually(() => {
      const again: Pod | undefined = api.pod('web-node-a');
      return again !== undefined && again.metadata.uid !== mirror.metadata.uid && again.status?.phase === 'Running';
    }, 'another mirror');
    expect(runtime.calls.filter((c) => c.startsWith('startContainer'))).toHaveLength(started);
  });
});
