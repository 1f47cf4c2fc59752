import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeEnvelope } from '../../api/protobuf.ts';
import { startTestServer, type Answered, type TestServer } from '../http/testing.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const IN = (resource: string, group = '/api/v1'): string => `${group}/namespaces/default/${resource}`;
const MERGE = { 'content-type': 'application/merge-patch+json' };
const APPLY = { 'content-type': 'application/apply-patch+yaml' };
const configMap = (name: string, more: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...more },
  data: { a: '1' },
});
const pod = (name: string, more: object = {}): object => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'busybox' }], ...more },
});
const made = async (path: string, body: object): Promise<Answered> => {
  const answer = await server.send('POST', path, body);
  expect(answer.text).toContain('"uid"');
  expect(answer.status).toBe(201);
  return answer.json();
};

describe('writing', () => {
  it('gives a new object its identity and refuses a second one', async () => {
    const { metadata } = await made(IN('configmaps'), configMap('identity'));
    expect(metadata).toMatchObject({ name: 'identity', namespace: 'default', uid: expect.stringMatching(/^[0-9a-f-]{36}$/) as string });
    expect((await server.send('POST', IN('configmaps'), configMap('identity'))).json()).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
    });
  });

  it('makes names from generateName', async () => {
    const { metadata } = await made(IN('configmaps'), { metadata: { generateName: 'many-' } });
    expect(metadata.name).toMatch(/^many-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  it('lets one of many concurrent conditional updates win', async () => {
    const { metadata } = await made(IN('configmaps'), configMap('race'));
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        server.send('PUT', IN('configmaps/race'), {
          metadata: { name: 'race', resourceVersion: metadata.resourceVersion },
          data: { n: String(i) },
        }),
      ),
    );
    expect(answers.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([200, ...Array.from({ length: 9 }, () => 409)]);
  });

  it('loses none of many concurrent patches', async () => {
    await made(IN('configmaps'), configMap('patched'));
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => server.send('PATCH', IN('configmaps/patched'), { data: { [`k${i}`]: 'v' } }, MERGE)),
    );
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(Object.keys((await server.send('GET', IN('configmaps/patched'))).json().data)).toHaveLength(9);
  });

  it('does not write what changes nothing', async () => {
    const { metadata } = await made(IN('configmaps'), configMap('same'));
    const again = await server.send('PUT', IN('configmaps/same'), configMap('same'));
    expect(again.json().metadata.resourceVersion).toBe(metadata.resourceVersion);
  });

  it('stores nothing in a dry run', async () => {
    const dry = await server.send('POST', `${IN('pods')}?dryRun=All`, pod('dry'));
    expect([dry.status, dry.json().metadata.resourceVersion]).toEqual([201, undefined]);
    expect((await server.send('GET', IN('pods/dry'))).status).toBe(404);
  });

  it('creates by PUT where the kind allows it', async () => {
    const lease = { metadata: { name: 'leader' }, spec: { holderIdentity: 'me' } };
    expect((await server.send('PUT', IN('leases/leader', '/apis/coordination.k8s.io/v1'), lease)).status).toBe(201);
    expect((await server.send('PUT', IN('configmaps/absent'), configMap('absent'))).status).toBe(404);
  });

  it('reads protobuf bodies', async () => {
    const body = encodeEnvelope({ group: '', version: 'v1', kind: 'ConfigMap' }, 'core/v1.ConfigMap', configMap('proto'));
    const answer = await server.send('POST', IN('configmaps'), body, { 'content-type': 'application/vnd.kubernetes.protobuf' });
    expect([answer.status, answer.json().data]).toEqual([201, { a: '1' }]);
  });

  it('applies, and refuses a field that another manager owns', async () => {
    const apply = (manager: string, data: object): ReturnType<TestServer['send']> =>
      server.send(
        'PATCH',
        `${IN('configmaps/applied')}?fieldManager=${manager}`,
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, data },
        APPLY,
      );
    expect((await apply('alice', { a: '1' })).status).toBe(201);
    expect((await apply('bob', { a: '2' })).json()).toMatchObject({
      code: 409,
      message: 'Apply failed with 1 conflict: conflict with "alice": .data.a',
    });
    expect((await apply('bob', { b: '2' })).json().data).toEqual({ a: '1', b: '2' });
  });

  it('keeps status and spec apart', async () => {
    await made(IN('pods'), pod('split'));
    const status = await server.send(
      'PATCH',
      `${IN('pods/split')}/status`,
      { status: { phase: 'Running' }, spec: { nodeName: 'x' } },
      MERGE,
    );
    expect(status.json()).toMatchObject({ status: { phase: 'Running' } });
    expect(status.json().spec['nodeName']).toBeUndefined();
    const spec = await server.send('PATCH', IN('pods/split'), { status: { phase: 'Failed' }, metadata: { labels: { a: 'b' } } }, MERGE);
    expect(spec.json()).toMatchObject({ status: { phase: 'Running' }, metadata: { labels: { a: 'b' } } });
  });

  it('scales', async () => {
    const apps = '/apis/apps/v1';
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    await made(IN('deployments', apps), { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } });
    const scaled = await server.send('PATCH', IN('deployments/d/scale', apps), { spec: { replicas: 3 } }, MERGE);
    expect(scaled.json()).toMatchObject({ kind: 'Scale', spec: { replicas: 3 }, status: { replicas: 0, selector: 'a=b' } });
    expect((await server.send('GET', IN('deployments/d', apps))).json()).toMatchObject({
      metadata: { generation: 2 },
      spec: { replicas: 3 },
    });
  });

  it('gives Services addresses that are free', async () => {
    const service = (name: string, spec: object): object => ({ metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } });
    const { spec } = await made(IN('services'), service('one', {}));
    expect(spec['clusterIP']).toMatch(/^10\.(9[6-9]|10\d|11[01])\./);
    const taken = await server.send('POST', IN('services'), service('two', { clusterIP: spec['clusterIP'] }));
    expect(taken.json().message).toContain('provided IP is already allocated');
    const { spec: exposed } = await made(IN('services'), service('three', { type: 'NodePort' }));
    const [{ nodePort = 0 } = {}] = exposed['ports'] as { nodePort?: number }[];
    expect(nodePort).toBeGreaterThanOrEqual(30_000);
    const again = await server.send('POST', IN('services'), service('four', { type: 'NodePort', ports: [{ port: 80, nodePort }] }));
    expect(again.json().message).toContain('provided port is already allocated');
  });

  it('shows an event in both of its versions', async () => {
    const involvedObject = { kind: 'Pod', name: 'p', namespace: 'default' };
    await made(IN('events'), { metadata: { name: 'e' }, involvedObject, message: 'hello', reason: 'Greeting', type: 'Normal' });
    const other = await server.send('GET', IN('events/e', '/apis/events.k8s.io/v1'));
    expect(other.json()).toMatchObject({ apiVersion: 'events.k8s.io/v1', note: 'hello', regarding: involvedObject });
    const selected = await server.send('GET', `${IN('events', '/apis/events.k8s.io/v1')}?fieldSelector=regarding.name%3Dp`);
    expect(selected.json().items).toHaveLength(1);
  });
});

describe('autoscalers', () => {
  it('are one object in two versions', async () => {
    const scaleTargetRef = { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' };
    const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } };
    const memory = { type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 50 } } };
    const [v1, v2] = ['/apis/autoscaling/v1', '/apis/autoscaling/v2'];
    await made(IN('horizontalpodautoscalers', v2), {
      metadata: { name: 'h' },
      spec: { maxReplicas: 3, scaleTargetRef, metrics: [cpu, memory] },
    });
    const old = (await server.send('GET', IN('horizontalpodautoscalers/h', v1))).json();
    expect(old).toMatchObject({ apiVersion: 'autoscaling/v1', spec: { maxReplicas: 3, targetCPUUtilizationPercentage: 70 } });
    const changed = await server.send(
      'PATCH',
      IN('horizontalpodautoscalers/h', v1),
      { spec: { targetCPUUtilizationPercentage: 80 } },
      MERGE,
    );
    expect(changed.status).toBe(200);
    const metrics = (await server.send('GET', IN('horizontalpodautoscalers/h', v2))).json().spec['metrics'];
    expect(metrics).toMatchObject([{ resource: { name: 'cpu', target: { averageUtilization: 80 } } }, memory]);
  });
});

describe('pods', () => {
  const bind = (name: string): ReturnType<TestServer['send']> =>
    server.send('POST', `${IN(`pods/${name}`)}/binding`, { metadata: { name }, target: { kind: 'Node', name: 'n1' } });

  it('are bound once, and go at once while nothing of them runs', async () => {
    await made(IN('pods'), pod('bound'));
    expect((await bind('bound')).json()).toMatchObject({ status: 'Success', code: 201 });
    expect((await bind('bound')).json().message).toBe(
      'Operation cannot be fulfilled on pods/binding "bound": pod bound is already assigned to node "n1"',
    );
    const read = (await server.send('GET', IN('pods/bound'))).json();
    expect(read).toMatchObject({ spec: { nodeName: 'n1' }, status: { conditions: [{ type: 'PodScheduled', status: 'True' }] } });
    await made(IN('pods'), pod('loose'));
    expect((await server.send('DELETE', IN('pods/loose'))).json().metadata['deletionGracePeriodSeconds']).toBe(0);
    expect((await server.send('GET', IN('pods/loose'))).status).toBe(404);
  });

  it('are given time to end, which can only be made shorter', async () => {
    await made(IN('pods'), pod('slow', { terminationGracePeriodSeconds: 20 }));
    await bind('slow');
    const grace = async (body?: object): Promise<unknown> =>
      (await server.send('DELETE', IN('pods/slow'), body)).json().metadata['deletionGracePeriodSeconds'];
    expect(await grace()).toBe(20);
    expect(await grace({ gracePeriodSeconds: 60 })).toBe(20);
    expect(await grace({ gracePeriodSeconds: 5 })).toBe(5);
    const wrong = await server.send('DELETE', IN('pods/slow'), { gracePeriodSeconds: 0, preconditions: { uid: 'other' } });
    expect([wrong.status, wrong.json().reason]).toEqual([409, 'Conflict']);
    expect(await grace({ gracePeriodSeconds: 0 })).toBe(0);
    expect((await server.send('GET', IN('pods/slow'))).status).toBe(404);
  });

  it('are evicted', async () => {
    await made(IN('pods'), pod('evicted'));
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'evicted' } };
    expect((await server.send('POST', `${IN('pods/evicted')}/eviction`, body)).status).toBe(201);
    expect((await server.send('GET', IN('pods/evicted'))).status).toBe(404);
  });

  it('get containers for debugging through their own door alone', async () => {
    await made(IN('pods'), pod('debugged'));
    const ephemeralContainers = [{ name: 'debugger', image: 'busybox' }];
    const answer = await server.send('PATCH', `${IN('pods/debugged')}/ephemeralcontainers`, { spec: { ephemeralContainers } }, MERGE);
    expect(answer.json().spec['ephemeralContainers']).toMatchObject(ephemeralContainers);
  });
});

describe('lists', () => {
  it('come in pages of one moment', async () => {
    for (const name of ['p1', 'p2', 'p3', 'p4', 'p5']) await made(IN('secrets'), { metadata: { name } });
    const first = (await server.send('GET', `${IN('secrets')}?limit=2`)).json();
    expect([first.items.map((item) => item.metadata.name), first.metadata.remainingItemCount]).toEqual([['p1', 'p2'], 3]);
    await server.send('DELETE', IN('secrets/p3'));
    await made(IN('secrets'), { metadata: { name: 'p6' } });
    const second = (await server.send('GET', `${IN('secrets')}?limit=10&continue=${first.metadata.continue}`)).json();
    expect(second.items.map((item) => item.metadata.name)).toEqual(['p3', 'p4', 'p5']);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    const now = (await server.send('GET', IN('secrets'))).json();
    expect(now.items.map((item) => item.metadata.name)).toEqual(['p1', 'p2', 'p4', 'p5', 'p6']);
  });

  it('wait for a revision that is to come, and say when it does not', async () => {
    const { metadata } = await made(IN('configmaps'), configMap('now'));
    const next = Number(metadata.resourceVersion) + 1;
    const list = server.send('GET', `${IN('configmaps')}?resourceVersion=${next}`);
    await made(IN('configmaps'), configMap('then'));
    expect((await list).status).toBe(200);
    const never = await server.send('GET', `${IN('configmaps')}?resourceVersion=99999999`);
    expect([never.status, never.headers['retry-after']]).toEqual([504, '1']);
  });

  it('of a moment that is forgotten are refused, as are their further pages', async () => {
    const young = await startTestServer({ history: { events: 3, bytes: 1 << 20 } });
    try {
      for (const name of ['a', 'b', 'c', 'd']) await young.send('POST', IN('configmaps'), configMap(name));
      const page = (await young.send('GET', `${IN('configmaps')}?limit=1`)).json();
      const next = `${IN('configmaps')}?limit=1&continue=${encodeURIComponent(page.metadata.continue ?? '')}`;
      expect((await young.send('GET', next)).json().items.map(({ metadata }) => metadata.name)).toEqual(['b']);
      for (const name of ['e', 'f', 'g', 'h', 'i']) await young.send('POST', IN('configmaps'), configMap(name));
      const exact = await young.send('GET', `${IN('configmaps')}?resourceVersion=1&resourceVersionMatch=Exact`);
      expect(exact.json()).toMatchObject({
        code: 410,
        reason: 'Expired',
        message: 'The resourceVersion for the provided list is too old.',
      });
      expect((await young.send('GET', next)).json()).toMatchObject({ code: 410, reason: 'Expired' });
    } finally {
      await young.close();
    }
  });

  it('of metadata name the kind of each item, unlike lists of objects', async () => {
    const accept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
    const list = (await server.send('GET', '/api/v1/namespaces', undefined, { accept })).json();
    expect(new Set(list.items.map(({ kind }) => kind))).toEqual(new Set(['PartialObjectMetadata']));
    expect((await server.send('GET', '/api/v1/namespaces')).json().items[0]?.kind).toBeUndefined();
  });

  it('are compressed for clients that take it when they are long', async () => {
    await made(IN('configmaps'), { metadata: { name: 'long' }, data: { a: 'x'.repeat(200_000) } });
    const answer = await server.send('GET', IN('configmaps'), undefined, { 'accept-encoding': 'gzip' });
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(
      (await server.send('GET', IN('configmaps/now'), undefined, { 'accept-encoding': 'gzip' })).headers['content-encoding'],
    ).toBeUndefined();
  });
});

describe('deletion', () => {
  it('waits for finalizers', async () => {
    await made(IN('configmaps'), configMap('held', { finalizers: ['example.com/hold'] }));
    expect((await server.send('DELETE', IN('configmaps/held'))).json().kind).toBe('ConfigMap');
    expect((await server.send('GET', IN('configmaps/held'))).json().metadata['deletionTimestamp']).toBeDefined();
    await server.send('PATCH', IN('configmaps/held'), { metadata: { finalizers: null } }, MERGE);
    expect((await server.send('GET', IN('configmaps/held'))).status).toBe(404);
  });

  it('takes dependents along, in the foreground first, or leaves them as orphans', async () => {
    const gone = async (name: string): Promise<void> => {
      const deadline = Date.now() + 5_000;
      while ((await server.send('GET', IN(`configmaps/${name}`))).status !== 404)
        if (Date.now() > deadline) throw new Error(`${name} is still there`);
    };
    const owned = async (name: string, policy: string): Promise<void> => {
      const { metadata } = await made(IN('configmaps'), configMap(name));
      const owner = { apiVersion: 'v1', kind: 'ConfigMap', name, uid: metadata.uid, blockOwnerDeletion: true };
      await made(IN('configmaps'), configMap(`${name}-child`, { ownerReferences: [owner] }));
      await server.send('DELETE', IN(`configmaps/${name}`), { propagationPolicy: policy });
      await gone(name);
    };
    await owned('background', 'Background');
    await gone('background-child');
    await owned('foreground', 'Foreground');
    expect((await server.send('GET', IN('configmaps/foreground-child'))).status).toBe(404);
    await owned('orphan', 'Orphan');
    const child = (await server.send('GET', IN('configmaps/orphan-child'))).json();
    expect(child.metadata['ownerReferences']).toBeUndefined();
  });

  it('of a collection answers with what was deleted', async () => {
    for (const name of ['c1', 'c2']) await made(IN('configmaps'), configMap(name, { labels: { sweep: 'yes' } }));
    const answer = await server.send('DELETE', `${IN('configmaps')}?labelSelector=sweep%3Dyes`);
    expect(answer.json().items.map((item) => item.metadata.name)).toEqual(['c1', 'c2']);
    expect((await server.send('GET', `${IN('configmaps')}?labelSelector=sweep%3Dyes`)).json().items).toEqual([]);
  });

  it('of a namespace empties it, and refuses new content meanwhile', async () => {
    await made('/api/v1/namespaces', { metadata: { name: 'doomed' } });
    await made('/api/v1/namespaces/doomed/configmaps', configMap('x', { finalizers: ['example.com/hold'] }));
    expect((await server.send('DELETE', '/api/v1/namespaces/doomed')).json()).toMatchObject({ status: { phase: 'Terminating' } });
    const late = await server.send('POST', '/api/v1/namespaces/doomed/configmaps', configMap('late'));
    expect(late.json()).toMatchObject({ code: 403, details: { causes: [{ reason: 'NamespaceTerminating' }] } });
    await server.send('PATCH', '/api/v1/namespaces/doomed/configmaps/x', { metadata: { finalizers: null } }, MERGE);
    const deadline = Date.now() + 5_000;
    while ((await server.send('GET', '/api/v1/namespaces/doomed')).status !== 404)
      if (Date.now() > deadline) throw new Error('it is still there');
  });
});

describe('a failure', () => {
  it('has its fields in the order of the type', async () => {
    const { text } = await server.send('GET', `${IN('configmaps')}/nope`);
    expect(Object.keys(JSON.parse(text) as object)).toEqual([
      'kind',
      'apiVersion',
      'metadata',
      'status',
      'message',
      'reason',
      'details',
      'code',
    ]);
  });

  it('of an apply that is no YAML says so in the words of the original', async () => {
    const answer = await server.send('PATCH', `${IN('configmaps')}/x?fieldManager=m`, 'a: [', APPLY);
    expect(answer.json().message).toBe(
      'error decoding YAML: error converting YAML to JSON: yaml: line 1: did not find expected node content',
    );
  });
});

describe('bad input', () => {
  it.each([
    ['no JSON', '{"metadata":', 400],
    ['deep nesting', '['.repeat(100_000), 400],
    ['a prototype', '{"__proto__":{"a":1},"metadata":{"name":"proto-pollution","labels":{"__proto__":"x"}}}', undefined],
    ['a body of 4 MB', 'x'.repeat(4 << 20), 413],
    ['a number for a name', '{"metadata":{"name":1}}', 400],
    ['a name that climbs', '{"metadata":{"name":"../../etc"}}', 422],
  ])('%s is refused or harmless', async (_what, body, status) => {
    const answer = await server.send('POST', IN('configmaps'), body);
    if (status !== undefined) expect(answer.status).toBe(status);
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
    expect((await server.send('GET', '/healthz')).status).toBe(200);
  });

  it.each([
    `${IN('pods')}?limit=abc`,
    `${IN('pods')}?continue=%00`,
    `${IN('pods')}?labelSelector=((((`,
    `${IN('pods')}?fieldSelector=%5C`,
    `${IN('pods')}?resourceVersion=-1`,
    `${IN('pods')}?resourceVersion=99999999999999999999999`,
    `${IN('pods')}?includeObject=Everything`,
  ])('GET %s is a 400 with a Status', async (path) => {
    const answer = await server.send('GET', path, undefined, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
    expect(answer.json()).toMatchObject({ kind: 'Status', code: 400 });
  });
});
