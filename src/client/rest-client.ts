/** The KubeClient over HTTP: JSON in, JSON out. */
import type { IncomingMessage } from 'node:http';
import { failure, StatusError } from '../api/status.ts';
import type { KubeObject, Status } from '../api/types.ts';
import type { ResourceDefinition } from '../api/resources.ts';
import { systemClock, type Clock } from '../util/clock.ts';
import { startInformer } from './informer.ts';
import type { KubeClient, PatchType } from './kube-client.ts';
import { openTransport, readAnswer, type Connection, type Outgoing, type RequestObserver } from './transport.ts';
import { watchEvents } from './watch.ts';

const PATCH_TYPES: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Makes a client. Nothing is connected before the first call. */
export function createKubeClient(connection: Connection, clock: Clock = systemClock, observe?: RequestObserver): KubeClient {
  const transport = openTransport(connection);

  async function call<T>(outgoing: Outgoing): Promise<T> {
    const began = clock.monotonic();
    let response: IncomingMessage | undefined;
    let receivedBytes: number | undefined;
    try {
      response = await transport.send(outgoing);
      const body = await readAnswer(response);
      receivedBytes = body.length;
      return answerOf(response, body) as T;
    } finally {
      told(outgoing, response, began, receivedBytes);
    }
  }
  function told(outgoing: Outgoing, response: IncomingMessage | undefined, began: number, receivedBytes?: number): void {
    const { method, body } = outgoing;
    observe?.({
      method,
      status: response?.statusCode,
      seconds: (clock.monotonic() - began) / 1000,
      sentBytes: body === undefined ? 0 : Buffer.byteLength(body),
      receivedBytes,
    });
  }
  const json = (body: unknown, type = 'application/json') => ({
    headers: { accept: 'application/json', ...(body !== undefined && { 'content-type': type }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const passing = (signal: AbortSignal | undefined) => (signal ? { signal } : {});

  const client: KubeClient = {
    get: (resource, name, options = {}) =>
      call({
        method: 'GET',
        path: resourcePath(resource, options.namespace, name, options.subresource),
        ...json(undefined),
        ...passing(options.signal),
      }),
    list: (resource, { namespace, signal, ...query } = {}) =>
      call({ method: 'GET', path: resourcePath(resource, namespace) + queryText(query), ...json(undefined), ...passing(signal) }),
    async *watch(resource, { namespace, signal, ...query } = {}) {
      const path = resourcePath(resource, namespace) + queryText({ ...query, watch: true });
      const began = clock.monotonic();
      const outgoing = { method: 'GET', path, streams: true, ...json(undefined), ...passing(signal) };
      let response: IncomingMessage | undefined;
      try {
        response = await transport.send(outgoing);
      } finally {
        told(outgoing, response, began);
      }
      if (response.statusCode !== 200) answerOf(response, await readAnswer(response));
      yield* watchEvents(response);
    },
    inform: (resource, options, handlers) => startInformer(client, clock, resource, options, handlers),
    create: (resource, object, options = {}) => {
      const { namespace, name } = nameOf(object);
      const path = resourcePath(
        resource,
        options.namespace ?? namespace,
        options.subresource === undefined ? undefined : name,
        options.subresource,
      );
      return call({ method: 'POST', path: path + writeQuery(options), ...json(typed(resource, object)), ...passing(options.signal) });
    },
    createSubresource: (resource, name, subresource, object, options = {}) =>
      call({
        method: 'POST',
        path: resourcePath(resource, options.namespace, name, subresource) + writeQuery(options),
        ...json(object),
        ...passing(options.signal),
      }),
    update: (resource, object, options = {}) => {
      const { namespace, name } = nameOf(object);
      const path = resourcePath(resource, options.namespace ?? namespace, name, options.subresource);
      return call({ method: 'PUT', path: path + writeQuery(options), ...json(typed(resource, object)), ...passing(options.signal) });
    },
    patch: (resource, name, type, patch, options = {}) =>
      call({
        method: 'PATCH',
        path: resourcePath(resource, options.namespace, name, options.subresource) + writeQuery(options, { force: options.force }),
        ...json(patch, PATCH_TYPES[type]),
        ...passing(options.signal),
      }),
    delete: (resource, name, options = {}) =>
      call<KubeObject>({
        method: 'DELETE',
        path: resourcePath(resource, options.namespace, name),
        ...json(options.delete && { apiVersion: 'v1', kind: 'DeleteOptions', ...options.delete }),
        ...passing(options.signal),
      }),
    request: (method, path, body, options = {}) => {
      const { headers, ...rest } = json(body);
      return call({ method, path, ...rest, headers: { ...headers, ...options.headers }, ...passing(options.signal) });
    },
    close: () => transport.close(),
  };
  return client;
}

/** `/api/v1/namespaces/NS/pods/NAME/SUBRESOURCE`, each part escaped. */
export function resourcePath(resource: ResourceDefinition, namespace?: string, name?: string, subresource?: string): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope = resource.namespaced && namespace !== undefined && namespace !== '' ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  return `${root}${scope}/${resource.resource}${object}${subresource === undefined ? '' : `/${subresource}`}`;
}

function writeQuery(options: { readonly fieldManager?: string; readonly dryRun?: boolean }, more: Query = {}): string {
  return queryText({ fieldManager: options.fieldManager, dryRun: options.dryRun === true ? 'All' : undefined, ...more });
}

function queryText(query: Query): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) params.set(key, String(value));
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

function nameOf(object: unknown): { namespace?: string; name?: string } {
  return (object as { metadata?: { namespace?: string; name?: string } }).metadata ?? {};
}

/** The object with the apiVersion and kind under which the resource travels. */
function typed(resource: ResourceDefinition, object: unknown): unknown {
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  return { apiVersion, kind: resource.kind, ...(object as object) };
}

/** The object in an answer; throws a StatusError when it is a failure. */
function answerOf(response: IncomingMessage, body: Buffer): unknown {
  const text = body.toString('utf8');
  const code = response.statusCode ?? 0;
  const isJson = (response.headers['content-type'] ?? '').includes('json');
  if (code >= 200 && code < 300) return isJson ? JSON.parse(text) : text;
  throw isJson ? statusError(text, code) : failure(code, '', text.trim() === '' ? `the server answered ${code}` : text.trim());
}

function statusError(text: string, code: number): StatusError {
  try {
    const status = JSON.parse(text) as Status;
    if (status.kind === 'Status')
      return new StatusError({ ...status, code: status.code ?? code, message: status.message ?? '', reason: status.reason ?? '' });
  } catch {
    // Not JSON in spite of its type: the text itself is the message.
  }
  return failure(code, '', text);
}
