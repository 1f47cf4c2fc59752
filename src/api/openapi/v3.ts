/** OpenAPI v3: an index, and a document for each group and version (kube-openapi `handler3`). */
import { createHash } from 'node:crypto';
import { resourceDefinitions } from '../resources.ts';
import type { ResourceDefinition } from '../resources.ts';
import { plainPaths, type PlainPath } from './discovery-paths.ts';
import { groupVersionKey, pathParameters, pathsOf } from './paths.ts';
import type { Operation, PathItem } from './paths.ts';
import { definitionName, schemasOf, V3 } from './schemas.ts';

export const OPENAPI_INFO = { title: 'Kubernetes', version: '1.36' };

export interface OpenApiDocument {
  /** The text of the document. */
  readonly body: string;
  /** Upper-case hex; the index names the document by it, so that clients may keep it. */
  readonly hash: string;
}

/** The document of `api/v1`, `apis/apps/v1`, …; undefined when nothing is served there. */
export function openApiV3(groupVersion: string, served: readonly ResourceDefinition[] = resourceDefinitions): OpenApiDocument | undefined {
  const plain = plainPaths(served).get(groupVersion);
  if (plain) {
    const paths = { [plain.path]: { get: plainOperation(plain) } };
    return documentOf({ openapi: '3.0.0', info: OPENAPI_INFO, paths, components: { schemas: {} } });
  }
  const definitions = served.filter((definition) => groupVersionKey(definition) === groupVersion);
  if (definitions.length === 0) return undefined;
  const paths = definitions.flatMap(pathsOf).sort((a, b) => (a.path < b.path ? -1 : 1));
  return documentOf({
    openapi: '3.0.0',
    info: OPENAPI_INFO,
    paths: Object.fromEntries(paths.map((item) => [item.path, pathItem(item)])),
    components: { schemas: schemasOf([...definitions.map(({ type }) => type), 'meta/v1.Status', 'meta/v1.DeleteOptions'], V3) },
  });
}

/** The keys of all documents. */
export const openApiV3Keys = (served: readonly ResourceDefinition[] = resourceDefinitions): string[] =>
  [...new Set([...plainPaths(served).keys(), ...served.map(groupVersionKey)])].sort();

function plainOperation({ operationId, tag, description }: PlainPath): Record<string, unknown> {
  const content = { 'application/json': { schema: {} } };
  return { tags: [tag], description, operationId, responses: { 200: { description: 'OK', content } } };
}

function documentOf(document: object): OpenApiDocument {
  const body = JSON.stringify(document);
  return { body, hash: createHash('sha512').update(body).digest('hex').toUpperCase() };
}

/** The index of all documents; clients fetch what it names. */
export function openApiV3Index(documents: ReadonlyMap<string, OpenApiDocument>): { paths: Record<string, { serverRelativeURL: string }> } {
  const entries = [...documents].sort(([a], [b]) => (a < b ? -1 : 1));
  return { paths: Object.fromEntries(entries.map(([key, { hash }]) => [key, { serverRelativeURL: `/openapi/v3/${key}?hash=${hash}` }])) };
}

/** Every document, by group and version. */
export function openApiV3Documents(served: readonly ResourceDefinition[] = resourceDefinitions): Map<string, OpenApiDocument> {
  const out = new Map<string, OpenApiDocument>();
  for (const key of openApiV3Keys(served)) {
    const document = openApiV3(key, served);
    if (document !== undefined) out.set(key, document);
  }
  return out;
}

function pathItem({ path, operations }: PathItem): Record<string, unknown> {
  const parameters = pathParameters(path).map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
  return {
    ...Object.fromEntries(Object.entries(operations).map(([method, operation]) => [method, operationObject(operation)])),
    ...(parameters.length > 0 && { parameters }),
  };
}

function operationObject(operation: Operation): Record<string, unknown> {
  const { definition, action, kind } = operation;
  const name = definitionName(definition.type) + (operation.answersList ? 'List' : '');
  return {
    operationId: operation.operationId,
    parameters: operation.parameters.map(({ name: parameter, type, description }) => ({
      name: parameter,
      in: 'query',
      description,
      schema: { type },
    })),
    responses: { 200: { description: 'OK', content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } } } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group: kind.group, kind: kind.kind, version: kind.version },
  };
}
