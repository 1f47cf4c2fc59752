import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { until } from '../../test/support/until.ts';
import { resources } from '../api/resources.ts';
import { StatusError } from '../api/status.ts';
import { createKubeClient, resourcePath } from './rest-client.ts';
import type { KubeClient } from './kube-client.ts';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

async function serve(handler: Handler): Promise<KubeClient> {
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => handler(request, response, body));
  });
  await new Promise<void>((ok) => {
    server.listen(0, '127.0.0.1', ok);
  });
  const client = createKubeClient({ server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'secret' });
  open.push(client, { close: () => server.close().closeAllConnections() });
  return client;
}

const sendJson = (response: ServerResponse, code: number, value: unknown): void => {
  response.writeHead(code, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
};

test.each([
  [resources.pods, 'ns', 'p', undefined, '/api/v1/namespaces/ns/pods/p'],
  [resources.pods, undefined, undefined, undefined, '/api/v1/pods'],
  [resources.nodes, 'ignored', 'n', 'status', '/api/v1/nodes/n/status'],
  [resources['deployments.apps'], 'ns', 'a/b', 'scale', '/apis/apps/v1/namespaces/ns/deployments/a%2Fb/scale'],
])('resourcePath names %#', (resource, namespace, name, subresource, path) => {
  expect(resourcePath(resource, namespace, name, subresource)).toBe(path);
});

test('a create sends kind, apiVersion, the token and the field manager', async () => {
  let seen: { url: string | undefined; authorization: string | undefined; body: unknown } | undefined;
  const client = await serve((request, response, body) => {
    seen = { url: request.url, authorization: request.headers.authorization, body: JSON.parse(body) };
    sendJson(response, 201, { metadata: { name: 'a' } });
  });
  await client.create(resources.configmaps, { metadata: { name: 'a', namespace: 'n' } }, { fieldManager: 'me', dryRun: true });
  expect(seen).toEqual({
    url: '/api/v1/namespaces/n/configmaps?fieldManager=me&dryRun=All',
    authorization: 'Bearer secret',
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'n' } },
  });
});

test.each([
  ['a Status', 409, 'application/json', JSON.stringify({ kind: 'Status', reason: 'Conflict', message: 'no', code: 409 }), 'Conflict', 'no'],
  ['plain text', 502, 'text/plain', 'bad gateway\n', '', 'bad gateway'],
  ['an empty body', 503, 'text/plain', '', '', 'the server answered 503'],
  ['broken JSON', 500, 'application/json', '{"kind":', '', '{"kind":'],
  ['JSON that is no Status', 500, 'application/json', '{"error":1}', '', '{"error":1}'],
])('a failure answered as %s becomes a StatusError', async (_, code, type, text, reason, message) => {
  const client = await serve((_request, response) => {
    response.writeHead(code, { 'content-type': type });
    response.end(text);
  });
  const error = await client.get(resources.pods, 'p', { namespace: 'n' }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(StatusError);
  expect(error).toMatchObject({ status: { code, reason, message } });
});

test('a server that is away rejects with the error of the socket', async () => {
  const client = createKubeClient({ server: 'http://127.0.0.1:1' });
  open.push(client);
  await expect(client.list(resources.pods)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('a watch yields events that are cut anywhere and throws an ERROR event', async () => {
  const events = [
    '{"type":"ADDED","object":{"metadata":{"name":"ä"}}}\n',
    '{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n',
  ];
  const client = await serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const bytes = Buffer.from(events.join(''));
    const cut = bytes.indexOf('ä') + 1;
    response.write(bytes.subarray(0, cut));
    response.end(bytes.subarray(cut));
  });
  const seen: string[] = [];
  const watching = (async () => {
    for await (const event of client.watch(resources.pods)) if (event.type !== 'BOOKMARK') seen.push(event.object.metadata.name);
  })();
  await expect(watching).rejects.toMatchObject({ status: { reason: 'Expired' } });
  expect(seen).toEqual(['ä']);
});

test('an informer lists, follows, lists again when the watch is too old, and tells what changed', async () => {
  const object = (name: string, resourceVersion: string): object => ({
    metadata: { namespace: 'n', name, uid: `u-${name}`, resourceVersion, creationTimestamp: '' },
  });
  let lists = 0;
  const client = await serve((request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    if (url.searchParams.get('watch') !== 'true') {
      lists += 1;
      sendJson(response, 200, {
        metadata: { resourceVersion: String(lists * 10) },
        items: lists === 1 ? [object('a', '1'), object('b', '2')] : [object('b', '15'), object('c', '16')],
      });
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    if (url.searchParams.get('resourceVersion') === '10') {
      response.write(`${JSON.stringify({ type: 'MODIFIED', object: object('a', '11') })}\n`);
      response.end(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } })}\n`);
    } else response.flushHeaders();
  });
  const told: string[] = [];
  const informer = client.inform(
    resources.pods,
    {},
    {
      added: (pod) => told.push(`+${pod.metadata.name}`),
      modified: (pod, before) => told.push(`~${pod.metadata.name} ${before.metadata.resourceVersion}→${pod.metadata.resourceVersion}`),
      deleted: (pod) => {
        told.push(`-${pod.metadata.name}`);
      },
    },
  );
  await informer.synced;
  await until('the second list', () => told.includes('+c'));
  expect(told.slice(0, 5)).toEqual(['+a', '+b', '~a 1→11', '~b 2→15', '+c']);
  expect([...informer.items.keys()].filter((key) => key !== 'n/a').toSorted()).toEqual(['n/b', 'n/c']);
  informer.stop();
});

test('many watches go on at once, and short requests beside them', async () => {
  const watching = new Set<ServerResponse>();
  const client = await serve((request, response) => {
    if (!(request.url ?? '').includes('watch=true')) {
      sendJson(response, 200, { kind: 'Pod', metadata: { name: 'p' } });
      return;
    }
    response.writeHead(200).flushHeaders();
    watching.add(response);
  });
  const stop = new AbortController();
  const watches = Array.from({ length: 30 }, async () => {
    for await (const event of client.watch(resources.pods, { signal: stop.signal })) void event;
  });
  await until('all of them', () => watching.size === watches.length);
  expect((await client.get(resources.pods, 'p', { namespace: 'n' })).metadata.name).toBe('p');
  stop.abort();
  await Promise.allSettled(watches);
});
