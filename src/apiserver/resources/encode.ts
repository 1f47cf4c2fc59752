/** Objects and lists in the form that the client takes. */
import type { ResourceDefinition } from '../../api/resources.ts';
import { encodeEnvelope, encodeProtobufList, wrapEnvelope } from '../../api/protobuf.ts';
import { badRequest } from '../../api/status.ts';
import type { ListMeta } from '../../api/types.ts';
import { stringifyYaml } from '../../api/yaml.ts';
import { toTable } from '../../api/table/table.ts';
import type { Exchange } from '../../net/http.ts';
import { apiVersionOf } from '../gvk.ts';
import { sendBody, sendJsonText, sendValue } from '../http/send.ts';
import type { Representation } from '../http/negotiate.ts';
import type { View } from '../registry/views.ts';
import type { Entry, StoredObject } from '../store/entry.ts';

/** What a Table row carries beside its cells. */
export type IncludeObject = 'Metadata' | 'None' | 'Object';

/** Reads the `includeObject` parameter. Throws 400. */
export function includeObject(query: URLSearchParams): IncludeObject {
  const asked = query.get('includeObject') ?? '';
  if (asked === '' || asked === 'Metadata') return 'Metadata';
  if (asked === 'None' || asked === 'Object') return asked;
  throw badRequest(`unrecognized includeObject value: ${JSON.stringify(asked)}`);
}

export interface EncodeOptions {
  readonly form: Representation;
  readonly include: IncludeObject;
  /** ms, for ages in Tables. */
  readonly now: number;
}

/** Sends one object. */
export async function sendObject(exchange: Exchange, status: number, view: View, entry: Entry, options: EncodeOptions): Promise<void> {
  const { form } = options;
  if (form.as === 'object' && form.media === 'application/json') {
    await sendJsonText(exchange, status, view.head + view.json(entry).slice(1), form.pretty);
    return;
  }
  const object = view.object(entry);
  if (form.media === 'application/vnd.kubernetes.protobuf') {
    await sendProtobuf(exchange, status, objectEnvelope(view.definition, object, form));
    return;
  }
  await sendValue(exchange, status, transformed(view.definition, object, options), form.media, form.pretty);
}

/** The object as protobuf, whole or its metadata alone. */
export function objectEnvelope(definition: ResourceDefinition, object: object, form: Pick<Representation, 'as' | 'version'>): Buffer {
  if (form.as === 'object') return encodeEnvelope(definition, definition.type, object);
  const gvk = { group: 'meta.k8s.io', version: form.version, kind: 'PartialObjectMetadata' };
  return encodeEnvelope(gvk, 'meta/v1.PartialObjectMetadata', object);
}

/** What the client wants made of one object. */
export function transformed(definition: ResourceDefinition, object: StoredObject, options: EncodeOptions): object {
  const { form } = options;
  if (form.as === 'Table') return table(definition, [object], { resourceVersion: object.metadata.resourceVersion }, options);
  if (form.as === 'PartialObjectMetadata') return metadataOf(object, form);
  return { ...object, kind: definition.kind, apiVersion: apiVersionOf(definition) };
}

/** Items of a list of metadata name their kind, unlike those of other lists. */
function metadataOf({ metadata }: StoredObject, { version }: Pick<Representation, 'version'>): object {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata };
}

/** Sends a list. */
export async function sendList(
  exchange: Exchange,
  view: View,
  entries: readonly Entry[],
  metadata: ListMeta,
  options: EncodeOptions,
): Promise<void> {
  const { form } = options;
  const { definition } = view;
  if (form.as === 'Table') {
    const value = table(definition, entries.map(view.object), metadata, options);
    await sendValue(exchange, 200, value, form.media, form.pretty);
    return;
  }
  const partial = form.as === 'PartialObjectMetadata';
  const gvk = partial
    ? { group: 'meta.k8s.io', version: form.version, kind: 'PartialObjectMetadataList' }
    : { group: definition.group, version: definition.version, kind: `${definition.kind}List` };
  if (form.media === 'application/vnd.kubernetes.protobuf') {
    const type = partial ? 'meta/v1.PartialObjectMetadata' : definition.type;
    await sendProtobuf(exchange, 200, wrapEnvelope(gvk, encodeProtobufList(type, { metadata, items: entries.map(view.object) })));
    return;
  }
  const items = partial ? entries.map((entry) => JSON.stringify(metadataOf(view.object(entry), form))) : entries.map(view.json);
  const head = `{"kind":"${gvk.kind}","apiVersion":"${apiVersionOf(gvk)}","metadata":${JSON.stringify(metadata)},"items":[`;
  const text = `${head}${items.join(',')}]}`;
  if (form.media === 'application/yaml')
    await sendBody(exchange, 200, Buffer.from(stringifyYaml(JSON.parse(text))), { 'Content-Type': form.media });
  else await sendJsonText(exchange, 200, text, form.pretty);
}

function table(definition: ResourceDefinition, objects: readonly StoredObject[], metadata: ListMeta, options: EncodeOptions): object {
  const apiVersion = `meta.k8s.io/${options.form.version}` as const;
  return toTable(definition, objects, { now: options.now, includeObject: options.include, listMeta: metadata, apiVersion });
}

async function sendProtobuf(exchange: Exchange, status: number, body: Buffer): Promise<void> {
  await sendBody(exchange, status, body, { 'Content-Type': 'application/vnd.kubernetes.protobuf' });
}
