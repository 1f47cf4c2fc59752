import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type Answered, type TestServer } from '../http/testing.ts';
import { admissionPlugins } from './admission.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({}, { admission: admissionPlugins });
  for (const namespace of ['default', 'limited', 'ranged'])
    await server.send('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
  for (const namespace of ['default', 'limited', 'ranged'])
    await server.send('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'default' } });
});
afterAll(() => server.close());

let count = 0;
async function create(spec: object, namespace = 'default'): Promise<Answered> {
  count += 1;
  const body = { metadata: { name: `p${count}` }, spec: { containers: [{ name: 'c', image: 'busybox' }], ...spec } };
  return (await server.send('POST', `/api/v1/namespaces/${namespace}/pods`, body)).json();
}
const refusal = (why: string): object => ({ code: 403, reason: 'Forbidden', message: `pods "p${count}" is forbidden: ${why}` });

describe('a RuntimeClass', () => {
  beforeAll(async () => {
    const made = await server.send('POST', '/apis/node.k8s.io/v1/runtimeclasses', {
      metadata: { name: 'vm' },
      handler: 'vm',
      overhead: { podFixed: { cpu: '250m', memory: '120Mi' } },
      scheduling: { nodeSelector: { vm: 'yes' }, tolerations: [{ key: 'vm', operator: 'Exists', effect: 'NoSchedule' }] },
    });
    expect(made.status).toBe(201);
  });

  it('gives a pod overhead, a node selector and tolerations', async () => {
    const { spec } = await create({ runtimeClassName: 'vm', nodeSelector: { disk: 'ssd' } });
    expect(spec).toMatchObject({
      overhead: { cpu: '250m', memory: '120Mi' },
      nodeSelector: { disk: 'ssd', vm: 'yes' },
      tolerations: [{ key: 'node.kubernetes.io/not-ready' }, { key: 'node.kubernetes.io/unreachable' }, { key: 'vm' }],
    });
  });

  it('must be there, and agree with what the pod says', async () => {
    expect(await create({ runtimeClassName: 'nope' })).toMatchObject(refusal('pod rejected: RuntimeClass "nope" not found'));
    expect(await create({ overhead: { cpu: '1' } })).toMatchObject(
      refusal('pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead'),
    );
    expect(await create({ runtimeClassName: 'vm', overhead: { cpu: '1' } })).toMatchObject(
      refusal("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"),
    );
    expect(await create({ runtimeClassName: 'vm', nodeSelector: { vm: 'no' } })).toMatchObject(
      refusal('conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no'),
    );
    expect(await create({ runtimeClassName: 'vm', overhead: { cpu: '0.25', memory: '120Mi' } })).toMatchObject({ kind: 'Pod' });
  });
});

describe('a PriorityClass', () => {
  it('gives a pod its number', async () => {
    await server.send('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', {
      metadata: { name: 'high' },
      value: 7,
      preemptionPolicy: 'Never',
    });
    expect((await create({ priorityClassName: 'high' })).spec).toMatchObject({ priority: 7, preemptionPolicy: 'Never' });
    expect((await create({ priorityClassName: 'system-node-critical' })).spec).toMatchObject({ priority: 2_000_001_000 });
    expect((await create({})).spec).toMatchObject({ priority: 0, preemptionPolicy: 'PreemptLowerPriority' });
    expect(await create({ priorityClassName: 'nope' })).toMatchObject(refusal('no PriorityClass with name nope was found'));
    expect(await create({ priority: 9 })).toMatchObject(
      refusal(
        'the integer value of priority (9) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name',
      ),
    );
  });
});

describe('a LimitRange', () => {
  const range = (namespace: string, limits: object[]): Promise<unknown> =>
    server.send('POST', `/api/v1/namespaces/${namespace}/limitranges`, { metadata: { name: 'r' }, spec: { limits } });

  it('fills in what containers leave open, and says so', async () => {
    await range('ranged', [{ type: 'Container', default: { cpu: '1', memory: '1Gi' }, defaultRequest: { cpu: '100m' } }]);
    const containers = [
      { name: 'a', image: 'x' },
      { name: 'b', image: 'x', resources: { limits: { cpu: '2' } } },
    ];
    const pod = await create({ containers }, 'ranged');
    // What a LimitRange leaves out is the limit by the defaults of every pod.
    expect(pod.spec).toMatchObject({
      containers: [
        { resources: { requests: { cpu: '100m', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } } },
        { resources: { limits: { cpu: '2', memory: '1Gi' } } },
      ],
    });
    expect(pod.metadata['annotations']).toMatchObject({
      'kubernetes.io/limit-ranger': expect.stringMatching(/^LimitRanger plugin set: /) as string,
    });
  });

  it('refuses what is beyond it', async () => {
    await range('limited', [
      { type: 'Container', min: { cpu: '100m' }, max: { cpu: '1' }, maxLimitRequestRatio: { cpu: '2' } },
      { type: 'Pod', max: { memory: '1Gi' } },
    ]);
    const one = (resources: object): object => ({ containers: [{ name: 'c', image: 'x', resources }] });
    const memory = '1Gi';
    const cases: readonly [object, string][] = [
      [{ requests: { cpu: '50m' }, limits: { cpu: '100m', memory } }, 'minimum cpu usage per Container is 100m, but request is 50m'],
      [{ requests: { cpu: '1' }, limits: { cpu: '2', memory } }, 'maximum cpu usage per Container is 1, but limit is 2'],
      [
        { requests: { cpu: '100m' }, limits: { cpu: '1', memory } },
        'cpu max limit to request ratio per Container is 2, but provided ratio is 10.000000',
      ],
      [{ requests: { cpu: '1' }, limits: { cpu: '1', memory: '2Gi' } }, 'maximum memory usage per Pod is 1Gi, but limit is 2Gi'],
    ];
    for (const [amounts, why] of cases) expect((await create(one(amounts), 'limited')).message).toContain(why);
    expect(await create(one({ requests: { cpu: '1' }, limits: { cpu: '1', memory } }), 'limited')).toMatchObject({ kind: 'Pod' });
  });

  it('holds for claims of volumes', async () => {
    await server.send('POST', '/api/v1/namespaces/default/limitranges', {
      metadata: { name: 'claims' },
      spec: { limits: [{ type: 'PersistentVolumeClaim', max: { storage: '1Gi' } }] },
    });
    const claim = { metadata: { name: 'big' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } } };
    expect((await server.send('POST', '/api/v1/namespaces/default/persistentvolumeclaims', claim)).json().message).toBe(
      'persistentvolumeclaims "big" is forbidden: maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi',
    );
  });
});
