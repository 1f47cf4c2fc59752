/** Field selectors and the fields that each resource can be selected by (apimachinery `pkg/fields/selector.go`, the strategies' `ToSelectableFields`). */
import { textAt, valueAt } from './fields.ts';
import { SelectorError } from './selector-error.ts';

export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** A parsed field selector. */
export interface FieldSelector {
  readonly requirements: readonly FieldRequirement[];
  readonly empty: boolean;
  matches(fields: Readonly<Record<string, string>>): boolean;
  /** The one value that a field must have, if the selector says so: `metadata.name=x` asks for one object. */
  exact(field: string): string | undefined;
  /** The canonical text. */
  toString(): string;
}

/** Longest selector that is read; a URL cannot carry more. */
const MAX_LENGTH = 64 * 1024;

/** Reads `a=b,c!=d`; `\,`, `\=` and `\\` stand for themselves. Throws SelectorError. */
export function parseFieldSelector(text: string): FieldSelector {
  if (text.length > MAX_LENGTH) throw new SelectorError(`selector is longer than ${MAX_LENGTH} characters`);
  const terms = text.match(/(?:\\[^]|[^,\\]|\\$)+/g) ?? [];
  return selector(terms.map((term) => requirement(text, term)));
}

function requirement(whole: string, term: string): FieldRequirement {
  const [, field, operator, value = ''] = /^((?:\\[^]|[^=!\\]|!(?!=))*)(!=|==|=)([^]*)$/.exec(term) ?? [];
  if (field === undefined) throw new SelectorError(`invalid selector: '${whole}'; can't understand '${term}'`);
  return { field, operator: operator === '!=' ? '!=' : '=', value: unescape(value) };
}

function unescape(value: string): string {
  const stray = /(?:^|[^\\])(?:\\\\)*\\([^\\,=])/.exec(value)?.[1];
  if (stray !== undefined) throw new SelectorError(`invalid field selector: invalid escape sequence: \\${stray}`);
  const bare = value.replace(/\\[\\,=]/g, '');
  if (bare.endsWith('\\')) throw new SelectorError('invalid field selector: invalid escape sequence: \\');
  const rune = /[,=]/.exec(bare)?.[0];
  if (rune !== undefined) throw new SelectorError(`invalid field selector: unescaped character in value: ${rune.charCodeAt(0)}`);
  return value.replace(/\\([\\,=])/g, '$1');
}

function selector(requirements: readonly FieldRequirement[]): FieldSelector {
  return {
    requirements,
    empty: requirements.length === 0,
    matches: (fields) => requirements.every(({ field, operator, value }) => ((fields[field] ?? '') === value) === (operator === '=')),
    exact: (field) => requirements.find((r) => r.field === field && r.operator === '=')?.value,
    toString: () => requirements.map(({ field, operator, value }) => `${field}${operator}${value.replace(/[\\,=]/g, '\\$&')}`).join(','),
  };
}

interface Resource {
  readonly group: string;
  readonly resource: string;
  readonly namespaced: boolean;
}
type Read = (object: unknown) => string;
interface Selectable {
  readonly fields: Readonly<Record<string, Read>>;
  /** What the API says of a field that is not among them. */
  readonly refusal: (field: string) => string;
}

const at =
  (...path: readonly (string | number)[]): Read =>
  (object) =>
    textAt(object, ...path);
/** A boolean or number that is absent when it is its zero value. */
const orElse =
  (zero: string, ...path: readonly string[]): Read =>
  (object) =>
    textAt(object, ...path) || zero;
const podIps: Read = (pod) => {
  const ips = valueAt(pod, 'status', 'podIPs');
  return Array.isArray(ips) ? ips.map((ip) => textAt(ip, 'ip')).join(',') : '';
};
const eventFields = (object: string, component: string, source: Readonly<Record<string, Read>>): Readonly<Record<string, Read>> => ({
  ...Object.fromEntries(
    ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((f) => [`${object}.${f}`, at(object, f)]),
  ),
  reason: at('reason'),
  [component]: at(component),
  ...source,
  type: at('type'),
});
const plainly = (field: string): string => `field label not supported: ${field}`;

const SELECTABLE: Readonly<Record<string, Selectable>> = {
  pods: {
    fields: {
      'spec.nodeName': at('spec', 'nodeName'),
      'spec.host': at('spec', 'nodeName'),
      'spec.restartPolicy': at('spec', 'restartPolicy'),
      'spec.schedulerName': at('spec', 'schedulerName'),
      'spec.serviceAccountName': at('spec', 'serviceAccountName'),
      'spec.hostNetwork': orElse('false', 'spec', 'hostNetwork'),
      'status.phase': at('status', 'phase'),
      'status.podIP': at('status', 'podIPs', 0, 'ip'),
      'status.podIPs': podIps,
      'status.nominatedNodeName': at('status', 'nominatedNodeName'),
    },
    refusal: plainly,
  },
  nodes: { fields: { 'spec.unschedulable': orElse('false', 'spec', 'unschedulable') }, refusal: plainly },
  events: {
    fields: eventFields('involvedObject', 'reportingComponent', {
      source: (event) => textAt(event, 'source', 'component') || textAt(event, 'reportingComponent'),
    }),
    refusal: plainly,
  },
  'events.events.k8s.io': { fields: eventFields('regarding', 'reportingController', {}), refusal: plainly },
  secrets: { fields: { type: at('type') }, refusal: plainly },
  namespaces: { fields: { 'status.phase': at('status', 'phase') }, refusal: plainly },
  services: { fields: { 'spec.clusterIP': at('spec', 'clusterIP'), 'spec.type': at('spec', 'type') }, refusal: plainly },
  replicationcontrollers: { fields: { 'status.replicas': orElse('0', 'status', 'replicas') }, refusal: plainly },
  'replicasets.apps': { fields: { 'status.replicas': orElse('0', 'status', 'replicas') }, refusal: plainly },
  'jobs.batch': {
    fields: { 'status.successful': orElse('0', 'status', 'succeeded') },
    refusal: (field) => `field label ${JSON.stringify(field)} not supported for Job`,
  },
  'resourceslices.resource.k8s.io': {
    fields: { 'spec.nodeName': at('spec', 'nodeName'), 'spec.driver': at('spec', 'driver') },
    refusal: (field) => `field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: ${field}`,
  },
  'certificatesigningrequests.certificates.k8s.io': { fields: { 'spec.signerName': at('spec', 'signerName') }, refusal: plainly },
};
const NAME_ONLY: Selectable = {
  fields: {},
  refusal: (field) => `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
};

const selectable = (of: Resource): Selectable => SELECTABLE[of.group === '' ? of.resource : `${of.resource}.${of.group}`] ?? NAME_ONLY;

/** The fields of an object that it can be selected by, as text. */
export function selectableFields(of: Resource, object: unknown): Record<string, string> {
  const fields: Record<string, string> = { 'metadata.name': textAt(object, 'metadata', 'name') };
  if (of.namespaced) fields['metadata.namespace'] = textAt(object, 'metadata', 'namespace');
  for (const [field, read] of Object.entries(selectable(of).fields)) fields[field] = read(object);
  return fields;
}

/** Throws SelectorError when the resource cannot be selected by one of the fields. */
export function checkFieldSelector(of: Resource, { requirements }: FieldSelector): void {
  const { fields, refusal } = selectable(of);
  for (const { field } of requirements) {
    if (field !== 'metadata.name' && field !== 'metadata.namespace' && !Object.hasOwn(fields, field))
      throw new SelectorError(refusal(field));
  }
}
