/** The files of configMap, secret, downwardAPI and projected volumes (kubernetes `pkg/volume/{configmap,secret,downwardapi,projected}`). */
import type { ObjectOf, Volume } from '../../api/types.ts';
import { findContainer, type NodePod } from '../pods/pod.ts';
import { fieldValue, resourceFieldValue, type NodeFacts } from '../spec/downward.ts';
import { optionally, type ObjectReader } from '../spec/env.ts';
import type { FileContent } from './atomic-writer.ts';

type KeyToPath = ObjectOf<'core/v1.KeyToPath'>;
type Projected = NonNullable<NonNullable<Volume['projected']>['sources']>[number];
type TokenProjection = ObjectOf<'core/v1.ServiceAccountTokenProjection'>;

export interface ContentContext {
  readonly objects: ObjectReader;
  readonly facts: NodeFacts;
  /** A token of the pod's ServiceAccount for an audience. */
  token(pod: NodePod, projection: TokenProjection): Promise<string>;
}

const DEFAULT_MODE = 0o644;

/** The files of a volume, or undefined when it is of a kind that has none. Rejects with the text for the event. */
export async function volumeContent(pod: NodePod, volume: Volume, context: ContentContext): Promise<Map<string, FileContent> | undefined> {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) return configMapFiles(pod, configMap, configMap.defaultMode ?? DEFAULT_MODE, context);
  if (secret) return secretFiles(pod, { ...secret, name: secret.secretName ?? '' }, secret.defaultMode ?? DEFAULT_MODE, context);
  if (downwardAPI) return downwardFiles(pod, downwardAPI.items ?? [], downwardAPI.defaultMode ?? DEFAULT_MODE, context);
  if (!projected) return undefined;
  const mode = projected.defaultMode ?? DEFAULT_MODE;
  const files = new Map<string, FileContent>();
  for (const list of await Promise.all((projected.sources ?? []).map((source) => projectedFiles(pod, source, mode, context))))
    for (const [path, file] of list) files.set(path, file);
  return files;
}

async function projectedFiles(pod: NodePod, source: Projected, mode: number, context: ContentContext): Promise<Map<string, FileContent>> {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (configMap) return configMapFiles(pod, configMap, mode, context);
  if (secret) return secretFiles(pod, secret, mode, context);
  if (downwardAPI) return downwardFiles(pod, downwardAPI.items ?? [], mode, context);
  if (!serviceAccountToken) throw new Error(`unsupported projected source: ${Object.keys(source).join(', ')}`);
  const token = await context.token(pod, serviceAccountToken);
  return new Map([[serviceAccountToken.path, { data: Buffer.from(token), mode: tokenMode(pod, mode) }]]);
}

/** A token is for its user alone when the pod says who that is. */
const tokenMode = ({ spec }: NodePod, mode: number): number => (spec.securityContext?.fsGroup !== undefined ? 0o600 : mode);

interface Reference {
  readonly name?: string;
  readonly items?: readonly KeyToPath[];
  readonly optional?: boolean;
}

async function configMapFiles(pod: NodePod, ref: Reference, mode: number, { objects }: ContentContext): Promise<Map<string, FileContent>> {
  const found = await optionally(ref.optional, () => objects.configMap(pod.metadata.namespace, ref.name ?? ''));
  const data = new Map<string, Buffer>();
  for (const [key, value] of Object.entries(found?.data ?? {})) data.set(key, Buffer.from(value));
  for (const [key, value] of Object.entries(found?.binaryData ?? {})) data.set(key, Buffer.from(value, 'base64'));
  return pick(data, ref, mode, (key) => `configmap references non-existent config key: ${key}`);
}

async function secretFiles(pod: NodePod, ref: Reference, mode: number, { objects }: ContentContext): Promise<Map<string, FileContent>> {
  const found = await optionally(ref.optional, () => objects.secret(pod.metadata.namespace, ref.name ?? ''));
  const data = new Map(Object.entries(found?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')]));
  return pick(data, ref, mode, (key) => `references non-existent secret key: ${key}`);
}

function pick(data: ReadonlyMap<string, Buffer>, ref: Reference, mode: number, missing: (key: string) => string): Map<string, FileContent> {
  const files = new Map<string, FileContent>();
  const { items } = ref;
  if (items === undefined || items.length === 0) {
    for (const [key, bytes] of data) files.set(key, { data: bytes, mode });
    return files;
  }
  for (const item of items) {
    const bytes = data.get(item.key);
    if (bytes !== undefined) files.set(item.path, { data: bytes, mode: item.mode ?? mode });
    else if (ref.optional !== true) throw new Error(missing(item.key));
  }
  return files;
}

type DownwardItem = ObjectOf<'core/v1.DownwardAPIVolumeFile'>;

function downwardFiles(pod: NodePod, items: readonly DownwardItem[], mode: number, { facts }: ContentContext): Map<string, FileContent> {
  const files = new Map<string, FileContent>();
  for (const item of items) {
    const text = downwardText(pod, item, facts);
    if (text === undefined) throw new Error(`failed to extract field ${item.fieldRef?.fieldPath ?? item.resourceFieldRef?.resource ?? ''}`);
    files.set(item.path, { data: Buffer.from(text), mode: item.mode ?? mode });
  }
  return files;
}

function downwardText(pod: NodePod, { fieldRef, resourceFieldRef }: DownwardItem, facts: NodeFacts): string | undefined {
  if (fieldRef) return fieldValue(pod, fieldRef.fieldPath, facts);
  if (!resourceFieldRef) return undefined;
  const of = findContainer(pod.spec, resourceFieldRef.containerName ?? '')?.container;
  return of && resourceFieldValue(of, resourceFieldRef.resource, resourceFieldRef.divisor, facts.allocatable);
}
