import {
  array,
  asyncProperty,
  assert,
  constantFrom,
  dictionary,
  jsonValue,
  oneof,
  record,
  string,
  tuple,
  uint8Array,
  type Arbitrary,
} from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type Answer, type TestServer } from './testing.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.send('POST', CONFIGMAPS, { metadata: { name: 'a', labels: { x: '1' } }, data: { a: '1' } });
});
afterAll(() => server.close());

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const hostile = oneof(
  constantFrom(
    '',
    '0',
    '-1',
    '1',
    '99999999999999999999',
    '1e3',
    '0x1',
    'abc',
    'true',
    'false',
    'All',
    'null',
    '%',
    '\u0000',
    '../..',
    '__proto__',
    '{}',
    '[]',
  ),
  string(),
  string({ unit: 'binary', maxLength: 40 }),
);
const PARAMETERS = [
  'resourceVersion',
  'resourceVersionMatch',
  'continue',
  'limit',
  'labelSelector',
  'fieldSelector',
  'allowWatchBookmarks',
  'sendInitialEvents',
  'includeObject',
  'pretty',
  'fieldManager',
  'fieldValidation',
  'dryRun',
  'force',
  'gracePeriodSeconds',
  'propagationPolicy',
  'orphanDependents',
];
const selector = array(
  constantFrom(
    'a',
    'a/b',
    '=',
    '==',
    '!=',
    '!',
    ',',
    ' in ',
    ' notin ',
    '(',
    ')',
    ' ',
    'metadata.name',
    'metadata.namespace',
    '.',
    '-',
    'é',
  ),
  {
    maxLength: 12,
  },
).map((parts) => parts.join(''));
const query = array(tuple(constantFrom(...PARAMETERS), oneof(hostile, selector)), { maxLength: 4 });
// A header's value is latin1 without control characters: anything else does not leave a client.
const headerValue = string({
  unit: constantFrom('a', '/', '*', ';', ',', '=', 'q', '0', '.', ' ', '"', 'json', 'application', 'as', 'Table', 'é'),
  maxLength: 12,
});
const media = constantFrom(
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
  'text/plain',
  '',
);
const headers = record({ accept: oneof(media, headerValue), 'content-type': oneof(media, headerValue) }, { requiredKeys: [] });

/** Every answer is complete, and none is a fault of the server's own. */
function expectAnswer(answer: Answer, what: unknown): void {
  const shown = `${JSON.stringify(what)} → ${answer.status} ${answer.text.slice(0, 300)}`;
  expect(answer.status, shown).toBeGreaterThanOrEqual(200);
  expect(answer.text.includes('"InternalError"'), shown).toBe(false);
  if (answer.status >= 400 && (answer.headers['content-type'] ?? '') === 'application/json')
    expect(answer.json().kind, shown).toBe('Status');
}

async function check<T>(arbitrary: Arbitrary<T>, ask: (value: T) => Promise<Answer>, numRuns = 250): Promise<void> {
  await assert(
    asyncProperty(arbitrary, async (value) => expectAnswer(await ask(value), value)),
    { numRuns },
  );
  expect((await server.send('GET', `${CONFIGMAPS}/a`)).status).toBe(200);
}

const withQuery = (path: string, parameters: readonly (readonly [string, string])[]): string =>
  `${path}?${new URLSearchParams(parameters.map(([name, value]): [string, string] => [name, value])).toString()}`;

describe('whatever a client sends', () => {
  it('in the query and headers of a read is answered', async () => {
    const path = constantFrom(CONFIGMAPS, `${CONFIGMAPS}/a`, '/api/v1/pods', '/apis/apps/v1/deployments');
    await check(tuple(path, query, headers), ([at, parameters, head]) =>
      server.send('GET', withQuery(at, parameters), undefined, head as Record<string, string>),
    );
  });

  it('in a path is answered', async () => {
    const segment = oneof(
      constantFrom('api', 'apis', 'v1', 'namespaces', 'default', 'pods', 'watch', 'proxy', 'a:b', '..', '%2e%2e', '%', '%ff', '%00', ''),
      string(),
    );
    const escaped = array(segment, { maxLength: 8 }).map(
      (parts) => `/${parts.map((part) => (/^[%.\w:]*$/.test(part) ? part : encodeURIComponent(Buffer.from(part).toString()))).join('/')}`,
    );
    await check(tuple(constantFrom('GET', 'POST', 'DELETE', 'OPTIONS', 'TRACE'), escaped), ([method, path]) =>
      server.send(method, path.replace(/^\/+/, '/'), undefined, { connection: 'close' }),
    );
  });

  it('as an object is answered', async () => {
    const object = record(
      {
        apiVersion: oneof(constantFrom('v1', 'v2'), jsonValue()),
        kind: oneof(constantFrom('ConfigMap', 'Pod'), jsonValue()),
        metadata: oneof(
          dictionary(
            constantFrom(
              'name',
              'generateName',
              'labels',
              'annotations',
              'ownerReferences',
              'finalizers',
              'uid',
              'managedFields',
              'creationTimestamp',
            ),
            jsonValue(),
          ),
          jsonValue(),
        ),
        data: jsonValue(),
        spec: jsonValue(),
        status: jsonValue(),
      },
      { requiredKeys: [] },
    );
    const path = constantFrom(CONFIGMAPS, '/api/v1/namespaces/default/pods', '/api/v1/namespaces/default/services', '/api/v1/nodes');
    await check(tuple(path, object, query), ([at, body, parameters]) => server.send('POST', withQuery(at, parameters), body), 400);
  });

  it('as bytes of any type is answered', async () => {
    const start = constantFrom<readonly number[]>([], [0x6b, 0x38, 0x73, 0], [0x6b, 0x38, 0x73, 0, 0x0a], [0x7b], [0x5b]);
    await check(
      tuple(start, uint8Array({ maxLength: 200 }), headers, constantFrom('POST', 'PUT', 'PATCH', 'DELETE')),
      ([head, bytes, its, method]) =>
        server.send(
          method,
          method === 'POST' ? CONFIGMAPS : `${CONFIGMAPS}/b`,
          Buffer.from([...head, ...bytes]),
          its as Record<string, string>,
        ),
    );
  });

  it('as a patch is answered', async () => {
    const pointer = constantFrom(
      '',
      '/',
      '/data',
      '/data/a',
      '/data/-',
      '/metadata',
      '/metadata/labels/x',
      '/metadata/name',
      '/__proto__',
      '/a/0/~1~0~2',
    );
    const operation = record(
      {
        op: oneof(constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'), string()),
        path: oneof(pointer, jsonValue()),
        from: pointer,
        value: jsonValue(),
      },
      { requiredKeys: [] },
    );
    const merge = dictionary(
      constantFrom(
        'data',
        'metadata',
        '$patch',
        '$retainKeys',
        '$setElementOrder/data',
        '$deleteFromPrimitiveList/x',
        'kind',
        'apiVersion',
        '__proto__',
      ),
      jsonValue(),
    );
    const types = constantFrom(
      'application/json-patch+json',
      'application/merge-patch+json',
      'application/strategic-merge-patch+json',
      'application/apply-patch+yaml',
    );
    await check(
      tuple(
        oneof(array(operation, { maxLength: 4 }), merge, jsonValue()),
        types,
        constantFrom(CONFIGMAPS, '/api/v1/namespaces/default/services'),
      ),
      ([patch, type, at]) =>
        server.send('PATCH', `${at}/${at === CONFIGMAPS ? 'a' : 'kubernetes'}?dryRun=All&fieldManager=x`, JSON.stringify(patch), {
          'content-type': type,
        }),
      400,
    );
  });

  it('as a YAML bomb or a body beyond the limit is refused', async () => {
    const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 12; i += 1) bomb.push(`a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(', ')}]`);
    const yaml = { 'content-type': 'application/yaml' };
    expect((await server.send('POST', CONFIGMAPS, bomb.join('\n'), yaml)).status).toBe(400);
    expect((await server.send('POST', CONFIGMAPS, `a: ${'['.repeat(100_000)}`, yaml)).status).toBe(400);
    expect((await server.send('POST', CONFIGMAPS, '['.repeat(100_000))).status).toBe(400);
    expect((await server.send('POST', CONFIGMAPS, 'x'.repeat(3 * 1024 * 1024 + 1))).status).toBe(413);
  });
});
