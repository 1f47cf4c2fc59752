/** OpenAPI paths of the resources: one item a path, one operation a verb, each with the kind it serves. */
import type { ResourceDefinition, Subresource } from '../resources.ts';
import type { GroupVersionKind } from '../schema/record.ts';

/** A query parameter. */
export interface Parameter {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'integer';
  readonly description: string;
}

export interface Operation {
  readonly operationId: string;
  readonly action: string;
  readonly kind: GroupVersionKind;
  readonly parameters: readonly Parameter[];
  readonly definition: ResourceDefinition;
  readonly answersList: boolean;
}

export type Method = 'get' | 'put' | 'post' | 'delete' | 'patch';
export interface PathItem {
  readonly path: string;
  readonly operations: Partial<Record<Method, Operation>>;
}

const DRY_RUN: Parameter = { name: 'dryRun', type: 'string', description: 'All: do everything but store the result.' };
const FIELD_MANAGER: Parameter = {
  name: 'fieldManager',
  type: 'string',
  description: 'The name under which the changed fields are recorded.',
};
const FIELD_VALIDATION: Parameter = {
  name: 'fieldValidation',
  type: 'string',
  description: 'What happens to unknown fields: Ignore, Warn or Strict.',
};
const FORCE: Parameter = { name: 'force', type: 'boolean', description: 'Apply takes fields over that others own.' };
const WRITE = [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION];
const DELETE: readonly Parameter[] = [
  DRY_RUN,
  { name: 'gracePeriodSeconds', type: 'integer', description: 'Seconds until the object goes; 0 is at once.' },
  { name: 'propagationPolicy', type: 'string', description: 'What happens to dependents: Background, Foreground or Orphan.' },
];
const LIST: readonly Parameter[] = [
  { name: 'labelSelector', type: 'string', description: 'Only objects with these labels.' },
  { name: 'fieldSelector', type: 'string', description: 'Only objects with these fields.' },
  { name: 'limit', type: 'integer', description: 'The most objects in one answer.' },
  { name: 'continue', type: 'string', description: 'Where the answer before ended.' },
  { name: 'resourceVersion', type: 'string', description: 'The state to start from.' },
  { name: 'resourceVersionMatch', type: 'string', description: 'How resourceVersion is meant.' },
  { name: 'timeoutSeconds', type: 'integer', description: 'How long a watch or list may take.' },
  { name: 'watch', type: 'boolean', description: 'Answer with changes as they happen.' },
];

const PARAMETERS: Readonly<Record<string, readonly Parameter[]>> = {
  get: [],
  list: LIST,
  create: WRITE,
  update: WRITE,
  patch: [...WRITE, FORCE],
  delete: DELETE,
  deletecollection: [...LIST, ...DELETE],
};

const ON_COLLECTION: Readonly<Record<string, Method>> = { list: 'get', create: 'post', deletecollection: 'delete' };
const ON_OBJECT: Readonly<Record<string, Method>> = { get: 'get', update: 'put', patch: 'patch', delete: 'delete' };
const ON_SUBRESOURCE: Readonly<Record<string, Method>> = { ...ON_OBJECT, create: 'post' };

/** `api/v1`, `apis/apps/v1`: the key under which a group and version stand. */
export const groupVersionKey = ({ group, version }: Pick<ResourceDefinition, 'group' | 'version'>): string =>
  group === '' ? `api/${version}` : `apis/${group}/${version}`;

/** The paths of a resource and its subresources. */
export function pathsOf(definition: ResourceDefinition): PathItem[] {
  const root = `/${groupVersionKey(definition)}`;
  const scope = definition.namespaced ? `${root}/namespaces/{namespace}` : root;
  const collection = `${scope}/${definition.resource}`;
  const named = `${collection}/{name}`;
  const own = { group: definition.group, version: definition.version, kind: definition.kind };
  const operations = (
    verbs: readonly string[],
    methods: Readonly<Record<string, Method>>,
    kind = own,
    part = '',
  ): PathItem['operations'] => {
    const out: Partial<Record<Method, Operation>> = {};
    for (const verb of verbs) {
      const method = methods[verb];
      if (method !== undefined) out[method] = operationOf(definition, verb, kind, part);
    }
    return out;
  };
  const items = [
    { path: collection, operations: operations(definition.verbs, ON_COLLECTION) },
    { path: named, operations: operations(definition.verbs, ON_OBJECT) },
    ...(definition.subresources ?? []).map((sub) => ({
      path: `${named}/${sub.name}`,
      operations: operations(sub.verbs, ON_SUBRESOURCE, kindOf(definition, sub), sub.name),
    })),
  ];
  const everywhere =
    definition.namespaced && definition.verbs.includes('list')
      ? [{ path: `${root}/${definition.resource}`, operations: operations(['list'], ON_COLLECTION, own, 'all') }]
      : [];
  return [...items, ...everywhere].filter((item) => Object.keys(item.operations).length > 0);
}

const kindOf = (definition: ResourceDefinition, sub: Subresource): GroupVersionKind => ({
  group: sub.group ?? definition.group,
  version: sub.version ?? definition.version,
  kind: sub.kind,
});

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function operationOf(definition: ResourceDefinition, verb: string, kind: GroupVersionKind, part: string): Operation {
  const group = definition.group === '' ? 'Core' : capital((definition.group.split('.')[0] ?? '').replaceAll('-', ''));
  const scope = definition.namespaced && part !== 'all' ? 'Namespaced' : '';
  const suffix = part === 'all' ? 'ForAllNamespaces' : capital(part);
  return {
    operationId: `${verb}${group}${capital(definition.version)}${scope}${definition.kind}${suffix}`,
    action: verb,
    kind,
    parameters: PARAMETERS[verb] ?? [],
    definition,
    answersList: verb === 'list',
  };
}

/** Parameters in the path itself. */
export const pathParameters = (path: string): string[] => [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
