import { describe, expect, it } from 'vitest';
import { isObject } from '../own.ts';
import { Reader } from '../protobuf/wire.ts';
import { resourceDefinitions } from '../resources.ts';
import { openApiV2Json, openApiV2Protobuf, openApiV3, openApiV3Documents, openApiV3Index } from './openapi.ts';

interface Document {
  paths: Record<string, Record<string, { parameters: { name: string; in: string }[]; 'x-kubernetes-group-version-kind': object }>>;
  components: {
    schemas: Record<string, { properties: Record<string, object>; required?: string[]; 'x-kubernetes-group-version-kind'?: object[] }>;
  };
}

const documents = openApiV3Documents();
const read = (key: string): Document => JSON.parse(documents.get(key)?.body ?? '{}') as Document;

/** Every `$ref` in a document. */
function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => (key === '$ref' && typeof item === 'string' ? [item] : references(item)));
}

describe('OpenAPI v3', () => {
  it('offers for every kind that can be patched the operation by which kubectl sees that the server validates', () => {
    for (const definition of resourceDefinitions.filter(({ verbs }) => verbs.includes('patch'))) {
      const key = definition.group === '' ? `api/${definition.version}` : `apis/${definition.group}/${definition.version}`;
      const kind = { group: definition.group, kind: definition.kind, version: definition.version };
      const patches = Object.values(read(key).paths).flatMap((item) => (item['patch'] ? [item['patch']] : []));
      const own = patches.find((patch) => JSON.stringify(patch['x-kubernetes-group-version-kind']) === JSON.stringify(kind));
      expect(own?.parameters.map(({ name }) => name)).toEqual(expect.arrayContaining(['fieldValidation', 'dryRun']));
    }
  });

  it('refers only to schemas that it has', () => {
    for (const { body } of documents.values()) {
      const document = JSON.parse(body) as Document;
      const known = new Set(Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`));
      expect(references(document).filter((reference) => !known.has(reference))).toEqual([]);
    }
  });

  it('describes a container as the original does', () => {
    const container = read('api/v1').components.schemas['io.k8s.api.core.v1.Container'];
    expect(container?.required).toEqual(['name']);
    expect(container?.properties['ports']).toMatchObject({
      type: 'array',
      items: { allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.ContainerPort' }] },
      'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-patch-merge-key': 'containerPort',
      'x-kubernetes-patch-strategy': 'merge',
    });
    expect(Object.keys(read('api/v1').components.schemas['io.k8s.api.core.v1.Volume']?.properties ?? {})).toContain('emptyDir');
    expect(read('api/v1').components.schemas['io.k8s.api.core.v1.Pod']?.['x-kubernetes-group-version-kind']).toEqual([
      { group: '', kind: 'Pod', version: 'v1' },
    ]);
  });

  it('has documents for discovery, the version and the token issuer too', () => {
    expect([...documents.keys()]).toEqual(
      expect.arrayContaining(['.well-known/openid-configuration', 'api', 'apis', 'apis/apps', 'openid/v1/jwks', 'version']),
    );
    expect(Object.keys(read('apis/apps').paths)).toEqual(['/apis/apps/']);
  });

  it('names each document by its hash in the index', () => {
    const { paths } = openApiV3Index(documents);
    expect(paths['apis/apps/v1']?.serverRelativeURL).toBe(`/openapi/v3/apis/apps/v1?hash=${documents.get('apis/apps/v1')?.hash}`);
    expect(openApiV3('apis/apps/v1')?.hash).toBe(documents.get('apis/apps/v1')?.hash);
    expect(openApiV3('apis/nope/v1')).toBeUndefined();
  });
});

describe('OpenAPI v2', () => {
  it('has every path and definition, with references that lead somewhere', () => {
    const document = JSON.parse(openApiV2Json()) as { definitions: object; paths: object };
    const known = new Set(Object.keys(document.definitions).map((name) => `#/definitions/${name}`));
    expect(references(document).filter((reference) => !known.has(reference))).toEqual([]);
    expect(Object.keys(document.paths)).toContain('/apis/apps/v1/namespaces/{namespace}/deployments/{name}');
  });

  it('writes the same paths and definitions as protobuf', () => {
    const found = { paths: new Set<string>(), definitions: new Set<string>() };
    const document = new Reader(openApiV2Protobuf());
    while (!document.done) {
      const { field, wire } = document.tag();
      if (field !== 8 && field !== 9) {
        document.skip(wire);
        continue;
      }
      const entries = document.message();
      while (!entries.done) {
        entries.tag();
        const entry = entries.message();
        entry.tag();
        (field === 8 ? found.paths : found.definitions).add(entry.text());
      }
    }
    const json = JSON.parse(openApiV2Json()) as { definitions: object; paths: object };
    expect([...found.paths].sort()).toEqual(Object.keys(json.paths).sort());
    expect([...found.definitions].sort()).toEqual(Object.keys(json.definitions).sort());
  });
});
