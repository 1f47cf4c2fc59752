/** This API as an OpenAPI 3.0 document, made from the route table. */
import type { QueryParameter, Route, Setting } from '../route.ts';
import { describedPaths, type DescribedPath } from './operations.ts';

type Json = Readonly<Record<string, unknown>>;

const SCHEMAS: Readonly<Record<QueryParameter['type'], Json>> = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  integer: { type: 'integer', format: 'int64' },
  strings: { type: 'array', items: { type: 'string' } },
};

/** The document for those routes that `serves` says are there. */
export function openApiDocument(routes: readonly Route[], version: string, serves: (route: Route) => boolean = () => true): Json {
  const paths = describedPaths(routes.filter((route) => serves(route) && route.servers.includes('secure')));
  return {
    openapi: '3.0.0',
    info: {
      title: 'Kubelet',
      version,
      description:
        'The kubelet’s HTTP API on its secure port. Errors are text. x-kubelet-subresources are asked of nodes in this order; one is enough.',
    },
    paths: Object.fromEntries(paths.map((path) => [path.path, pathItem(path)])),
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, certificate: { type: 'mutualTLS' } },
    },
    security: [{ bearer: [] }, { certificate: [] }],
  };
}

function pathItem(path: DescribedPath): Json {
  const inPath = [...path.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: SCHEMAS.string,
  }));
  return {
    ...(inPath.length > 0 && { parameters: inPath }),
    ...Object.fromEntries(path.methods.map((method) => [method.toLowerCase(), operation(path, method)])),
  };
}

function operation(path: DescribedPath, method: string): Json {
  const parameters = Object.entries(path.query).map(([name, { type, doc, only }]) => ({
    name,
    in: 'query',
    description: only === undefined ? doc : `${doc} Needs ${settingName(only)}.`,
    schema: SCHEMAS[type],
  }));
  return {
    operationId: operationId(path.path, method),
    description: path.doc,
    ...(parameters.length > 0 && { parameters }),
    responses: { ...answers(path), '401': { description: 'Unauthorized' }, '403': { description: 'Forbidden' } },
    'x-kubelet-subresources': path.subresources,
    ...(path.settings.length > 0 && { 'x-kubelet-settings': path.settings.map(settingName) }),
  };
}

function answers({ answer, streaming }: DescribedPath): Json {
  if (answer === 'stream') return { '101': { description: 'Switching to SPDY/3.1 or WebSocket' } };
  const schema = answer === 'application/json' ? { type: 'object' } : { type: 'string' };
  return { '200': { description: streaming ? 'OK, as long as there is something to send' : 'OK', content: { [answer]: { schema } } } };
}

/** `getExecNamespacePodContainer` */
function operationId(path: string, method: string): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return `${method.toLowerCase()}${words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join('')}`;
}

/** A setting as users write it. */
export function settingName(setting: Setting): string {
  if (setting === 'legacyEndpoints') return '--legacy-endpoints';
  if (setting === 'apiExtensions') return '--kubelet-api-extensions';
  return setting.startsWith('gate:') ? `feature gate ${setting.slice('gate:'.length)}` : setting;
}
