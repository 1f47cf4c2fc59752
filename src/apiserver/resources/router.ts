/** Finds the handler of a request to a resource. */
import { normalize } from '../../api/normalize.ts';
import { isObject } from '../../api/own.ts';
import type { RequestInfo } from '../../api/request-info.ts';
import { resourceDefinitions, type ResourceDefinition, type Subresource } from '../../api/resources.ts';
import { failure, qualifiedResource, type StatusError } from '../../api/status.ts';
import type { Exchange } from '../../net/http.ts';
import { methodNotAllowed } from '../discovery/discovery.ts';
import type { ApiRequest, ConnectHandler, CreateHandler, Endpoints } from '../endpoint.ts';
import { readObject, typeOfKind } from '../http/body.ts';
import { sendValue } from '../http/send.ts';
import type { Core } from '../registry/core.ts';
import { viewOf } from '../registry/core.ts';
import type { Watches } from '../watch/watch.ts';
import { getComponent, listComponents, type Component } from './component-statuses.ts';
import { removeCollection, removeObject } from './delete.ts';
import { patchObject } from './patch.ts';
import { getObject, listObjects } from './read.ts';
import { formOf, type ResourceRequest } from './request.ts';
import { serveScale } from './scale.ts';
import { expectedOf, postObject, putObject } from './write.ts';
import { writeOptions } from './write-options.ts';

export interface RouterOptions {
  readonly core: Core;
  readonly watches: Watches;
  readonly endpoints: Endpoints;
  readonly components: readonly Component[];
}

export interface ResourceRouter {
  /** Answers a request to a resource. Throws StatusError. */
  serve(request: ApiRequest, exchange: Exchange, warn: (text: string) => void): Promise<void>;
  /** Who answers on the connection itself, if a request is for such a subresource. */
  connectHandler(info: RequestInfo): ConnectHandler | undefined;
}

export const couldNotFind = (): StatusError => failure(404, 'NotFound', 'the server could not find the requested resource', {});

type Handler = (request: ResourceRequest) => Promise<void>;

const OBJECT: Readonly<Record<string, Handler>> = { GET: getObject, PUT: putObject, PATCH: patchObject, DELETE: removeObject };
/** The verb of a definition that each method of an object or a subresource needs. */
const VERBS: Readonly<Record<string, string>> = { GET: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };
/** What to say to whoever uses a resource that is on its way out. */
const DEPRECATED: Readonly<Record<string, string>> = {
  endpoints: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  componentstatuses: 'v1 ComponentStatus is deprecated in v1.19+',
};
/** Subresources that are the object itself, seen or changed in part. */
const OBJECT_PARTS: ReadonlySet<string> = new Set(['approval', 'ephemeralcontainers', 'finalize', 'resize', 'status']);
/** Methods that any subresource takes which is passed on to somebody else. */
const CONNECT_METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']);

export function resourceRouter({ core, watches, endpoints, components }: RouterOptions): ResourceRouter {
  const definitions = new Map(resourceDefinitions.map((of) => [`${of.group}/${of.version}/${of.resource}`, of]));
  const definitionOf = (info: RequestInfo): ResourceDefinition | undefined =>
    definitions.get(`${info.group}/${info.version}/${info.resource}`);
  return {
    serve,
    connectHandler(info) {
      const definition = definitionOf(info);
      return definition && endpoints.connect[`${qualifiedResource(definition)}/${info.subresource}`];
    },
  };

  async function serve(api: ApiRequest, exchange: Exchange, warn: (text: string) => void): Promise<void> {
    const { info } = api;
    const definition = definitionOf(info);
    if (!definition) throw couldNotFind();
    const subresource = definition.subresources?.find((sub) => sub.name === info.subresource);
    const request: ResourceRequest = {
      exchange,
      info,
      user: api.user,
      query: api.query,
      core,
      definition,
      view: viewOf(core, definition),
      subresource,
      warn,
    };
    const deprecated = DEPRECATED[qualifiedResource(definition)];
    if (deprecated !== undefined) warn(deprecated);
    checkScope(definition, info, exchange.method);
    if (
      qualifiedResource(definition) === 'componentstatuses' &&
      exchange.method === 'GET' &&
      info.subresource === '' &&
      info.verb !== 'watch'
    )
      await (hasName(info) ? getComponent : listComponents)(request, components);
    else if (info.subresource !== '') await serveSubresource(request, api);
    else if (hasName(info)) await objectHandler(definition, exchange.method)(request);
    else await collectionHandler(request, api)(request);
  }

  function collectionHandler(request: ResourceRequest, api: ApiRequest): Handler {
    const { definition, info, exchange } = request;
    if (exchange.method === 'GET') {
      if (!definition.verbs.includes('list')) throw methodNotAllowed();
      return info.verb === 'watch' ? (its) => watches.serve(its) : listObjects;
    }
    if (exchange.method === 'POST' && definition.verbs.includes('create')) {
      const own = endpoints.create[qualifiedResource(definition)];
      return own ? (its) => serveCreation(its, api, own) : postObject;
    }
    if (exchange.method === 'DELETE' && definition.verbs.includes('deletecollection')) return removeCollection;
    throw methodNotAllowed();
  }

  function objectHandler(definition: ResourceDefinition, method: string): Handler {
    const handler = OBJECT[method];
    if (!handler || !definition.verbs.includes(VERBS[method] ?? '')) throw methodNotAllowed();
    return handler;
  }

  async function serveSubresource(request: ResourceRequest, api: ApiRequest): Promise<void> {
    const { definition, subresource, exchange } = request;
    if (!subresource) throw couldNotFind();
    const key = `${qualifiedResource(definition)}/${subresource.name}`;
    const connect = endpoints.connect[key];
    if (connect) {
      if (!CONNECT_METHODS.has(exchange.method)) throw methodNotAllowed();
      if (subresource.name !== 'proxy') checkVerb(subresource, exchange.method);
      await connect(api, undefined);
      return;
    }
    checkVerb(subresource, exchange.method);
    const create = endpoints.create[key];
    if (create) await serveCreation(request, api, create);
    else if (subresource.name === 'scale') await serveScale(request);
    else if (OBJECT_PARTS.has(subresource.name)) await objectSubresource(exchange.method)(request);
    else throw couldNotFind();
  }

  function objectSubresource(method: string): Handler {
    const handler = method === 'DELETE' ? undefined : OBJECT[method];
    if (!handler) throw couldNotFind();
    return handler;
  }
}

function checkVerb(subresource: Subresource, method: string): void {
  if (!subresource.verbs.includes(VERBS[method] ?? '')) throw methodNotAllowed();
}

/** Whether the path itself names an object; a field selector may name one too. */
function hasName(info: RequestInfo): boolean {
  return info.parts.length > 1 && info.verb !== 'watch';
}

/** Namespaced objects are asked for in a namespace; only reading goes across all of them. */
function checkScope(definition: ResourceDefinition, info: RequestInfo, method: string): void {
  if (definition.resource === 'namespaces' && definition.group === '') return;
  if (!definition.namespaced && info.namespace !== '') throw couldNotFind();
  if (!definition.namespaced || info.namespace !== '') return;
  if (hasName(info)) throw couldNotFind();
  if (method !== 'GET' && definition.verbs.includes('list')) throw methodNotAllowed();
}

async function serveCreation(request: ResourceRequest, api: ApiRequest, create: CreateHandler): Promise<void> {
  const { definition, subresource, exchange, warn } = request;
  const form = formOf(request, { objectsOnly: true });
  const { validation } = writeOptions(request, 'CreateOptions');
  const kind = expectedOf(request, definition.type);
  const type = subresource ? typeOfKind(kind) : definition.type;
  if (!type) throw couldNotFind();
  const object = await readObject(exchange, { ...kind, type }, validation, warn);
  const result = await create(api, object);
  await sendValue(
    exchange,
    201,
    isObject(result) && result['kind'] === kind.kind ? normalize(type, result) : result,
    form.media,
    form.pretty,
  );
}
