/** OpenAPI v2 (`/openapi/v2`): one document for everything, as JSON and as gnostic's protobuf. */
import { resourceDefinitions } from '../resources.ts';
import type { ResourceDefinition } from '../resources.ts';
import { BYTES, Writer } from '../protobuf/wire.ts';
import { pathParameters, pathsOf } from './paths.ts';
import type { Method, Operation, PathItem } from './paths.ts';
import { definitionName, schemasOf, V2 } from './schemas.ts';
import type { JsonSchema } from './schemas.ts';
import { OPENAPI_INFO } from './v3.ts';

interface Document {
  readonly paths: readonly PathItem[];
  readonly definitions: Readonly<Record<string, JsonSchema>>;
}

function documentOf(served: readonly ResourceDefinition[]): Document {
  return {
    paths: served.flatMap(pathsOf).sort((a, b) => (a.path < b.path ? -1 : 1)),
    definitions: schemasOf([...served.map(({ type }) => type), 'meta/v1.Status', 'meta/v1.DeleteOptions'], V2),
  };
}

/** The document as JSON text. */
export function openApiV2Json(served: readonly ResourceDefinition[] = resourceDefinitions): string {
  const { paths, definitions } = documentOf(served);
  return JSON.stringify({
    swagger: '2.0',
    info: OPENAPI_INFO,
    paths: Object.fromEntries(paths.map((item) => [item.path, jsonPathItem(item)])),
    definitions,
  });
}

function jsonPathItem({ path, operations }: PathItem): Record<string, unknown> {
  const parameters = pathParameters(path).map((name) => ({ name, in: 'path', required: true, type: 'string' }));
  const items = Object.entries(operations).map(([method, operation]) => [method, jsonOperation(operation)] as const);
  return { ...Object.fromEntries(items), ...(parameters.length > 0 && { parameters }) };
}

function jsonOperation({ definition, operationId, parameters, answersList, action, kind }: Operation): Record<string, unknown> {
  const name = definitionName(definition.type) + (answersList ? 'List' : '');
  return {
    operationId,
    parameters: parameters.map((parameter) => ({ ...parameter, in: 'query' })),
    responses: { 200: { description: 'OK', schema: { $ref: `#/definitions/${name}` } } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group: kind.group, kind: kind.kind, version: kind.version },
  };
}

/** Field numbers of gnostic's `openapi.v2`, as far as clients read them. */
const DOCUMENT = { swagger: 1, info: 2, paths: 8, definitions: 9 } as const;
const METHODS: Readonly<Record<Method, number>> = { get: 2, put: 3, post: 4, delete: 5, patch: 8 };
const OPERATION = { operationId: 5, parameters: 8, extension: 13 } as const;
const SCHEMA = {
  ref: 1,
  format: 2,
  description: 4,
  required: 19,
  additionalProperties: 21,
  type: 22,
  items: 23,
  properties: 25,
  extension: 31,
} as const;

/** The document as gnostic's protobuf; kubectl up to 1.28 reads nothing else. */
export function openApiV2Protobuf(served: readonly ResourceDefinition[] = resourceDefinitions): Buffer {
  const { paths, definitions } = documentOf(served);
  const writer = new Writer();
  const nested = (tag: number, write: () => void): void => {
    writer.tag(tag, BYTES);
    writer.message(write);
  };
  const text = (tag: number, value: unknown): void => {
    if (typeof value !== 'string') return;
    writer.tag(tag, BYTES);
    writer.text(value);
  };
  /** A NamedX: 1 name, 2 value. */
  const named = (tag: number, name: string, write: () => void): void =>
    nested(tag, () => {
      text(1, name);
      nested(2, write);
    });
  const extension = (tag: number, name: string, yaml: string): void => named(tag, name, () => text(2, yaml));
  const query = (parameter: { name: string; type: string }): void =>
    nested(OPERATION.parameters, () =>
      nested(1, () =>
        nested(2, () =>
          nested(3, () => {
            text(2, 'query');
            text(4, parameter.name);
            text(6, parameter.type);
          }),
        ),
      ),
    );
  const operation = (method: Method, { operationId, parameters, kind }: Operation): void =>
    nested(METHODS[method], () => {
      text(OPERATION.operationId, operationId);
      for (const parameter of parameters) query(parameter);
      extension(OPERATION.extension, 'x-kubernetes-group-version-kind', yamlOf(kind));
    });
  const schema = (value: JsonSchema): void => {
    const { $ref, format, description, required, additionalProperties, type, items, properties } = value;
    text(SCHEMA.ref, $ref);
    text(SCHEMA.format, format);
    text(SCHEMA.description, description);
    for (const name of listOf(required)) text(SCHEMA.required, name);
    if (isSchema(additionalProperties)) nested(SCHEMA.additionalProperties, () => nested(1, () => schema(additionalProperties)));
    if (type !== undefined) nested(SCHEMA.type, () => text(1, type));
    if (isSchema(items)) nested(SCHEMA.items, () => nested(1, () => schema(items)));
    if (isSchema(properties)) nested(SCHEMA.properties, () => namedSchemas(properties));
    for (const [name, extra] of Object.entries(value)) if (name.startsWith('x-')) extension(SCHEMA.extension, name, yamlOf(extra));
  };
  const namedSchemas = (schemas: Readonly<Record<string, unknown>>): void => {
    for (const [name, value] of Object.entries(schemas)) if (isSchema(value)) named(1, name, () => schema(value));
  };
  text(DOCUMENT.swagger, '2.0');
  nested(DOCUMENT.info, () => {
    text(1, OPENAPI_INFO.title);
    text(2, OPENAPI_INFO.version);
  });
  nested(DOCUMENT.paths, () => {
    for (const item of paths) {
      named(2, item.path, () => {
        for (const [method, value] of Object.entries(item.operations)) operation(method as Method, value);
      });
    }
  });
  nested(DOCUMENT.definitions, () => namedSchemas(definitions));
  return writer.finish();
}

const isSchema = (value: unknown): value is JsonSchema => typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** The YAML text of an extension: a scalar, a list of scalars, a map of strings or a list of such maps. */
function yamlOf(value: unknown, indent = ''): string {
  if (Array.isArray(value)) return value.map((item: unknown) => `- ${yamlOf(item, '  ').trimStart()}`).join('');
  if (!isSchema(value)) return `${typeof value === 'string' ? value : JSON.stringify(value)}\n`;
  const names = Object.keys(value).sort();
  return names.map((name) => `${indent}${name}: ${value[name] === '' ? '""' : String(value[name])}\n`).join('');
}
