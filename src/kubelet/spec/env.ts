/** The environment of a container (kubernetes `pkg/kubelet/kubelet_pods.go`, makeEnvironmentVariables). */
import type { ConfigMap, Container, Secret } from '../../api/types.ts';
import type { AnyContainer, NodePod } from '../pods/pod.ts';
import { findContainer } from '../pods/pod.ts';
import { fieldValue, resourceFieldValue, type NodeFacts } from './downward.ts';
import { expand } from './expand.ts';

/** Reads what a pod refers to; rejects with an error whose text the user sees, `configmap "x" not found`. */
export interface ObjectReader {
  configMap(namespace: string, name: string): Promise<ConfigMap>;
  secret(namespace: string, name: string): Promise<Secret>;
}

/** An object or a key that is not there; `optional` references pass over it. */
export class MissingReference extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MissingReference';
  }
}

export interface EnvInput {
  readonly pod: NodePod;
  readonly container: AnyContainer;
  readonly objects: ObjectReader;
  readonly facts: NodeFacts;
  /** Service variables; they fill in what the container does not set. */
  readonly services: Readonly<Record<string, string>>;
}

/** Names and values, each once. Rejects when a reference that is not optional is missing. */
export async function containerEnv(input: EnvInput): Promise<Map<string, string>> {
  const { container, services } = input;
  const env = new Map<string, string>();
  for (const source of container.envFrom ?? []) for (const [key, value] of await envFrom(input, source)) env.set(key, value);
  for (const { name, value, valueFrom } of container.env ?? []) {
    const result = valueFrom ? await envValue(input, valueFrom) : expand(value ?? '', (key) => env.get(key) ?? services[key]);
    if (result !== undefined) env.set(name, result);
  }
  for (const [key, value] of Object.entries(services)) if (!env.has(key)) env.set(key, value);
  return env;
}

type EnvFrom = NonNullable<Container['envFrom']>[number];
type ValueFrom = NonNullable<NonNullable<Container['env']>[number]['valueFrom']>;

async function envFrom({ pod, objects }: EnvInput, source: EnvFrom): Promise<[string, string][]> {
  const { namespace } = pod.metadata;
  const { prefix = '', configMapRef, secretRef } = source;
  const data = configMapRef
    ? await optionally(configMapRef.optional, async () => (await objects.configMap(namespace, configMapRef.name ?? '')).data ?? {})
    : secretRef
      ? await optionally(secretRef.optional, async () => decoded(await objects.secret(namespace, secretRef.name ?? '')))
      : {};
  return Object.entries(data ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, value]): [string, string][] => (isEnvName(prefix + key) ? [[prefix + key, value]] : []));
}

/** Any printable ASCII but `=`, as since Kubernetes 1.30. */
const isEnvName = (name: string): boolean => /^[\x20-\x3c\x3e-\x7e]+$/.test(name);

async function envValue(input: EnvInput, from: ValueFrom): Promise<string | undefined> {
  const { pod, objects, facts, container } = input;
  const { namespace } = pod.metadata;
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = from;
  if (fieldRef) {
    const value = fieldValue(pod, fieldRef.fieldPath, facts);
    if (value === undefined) throw new Error(`unsupported fieldPath: ${fieldRef.fieldPath}`);
    return value;
  }
  if (resourceFieldRef) {
    const { containerName, resource, divisor } = resourceFieldRef;
    const of = containerName === undefined || containerName === '' ? container : findContainer(pod.spec, containerName)?.container;
    if (of === undefined) throw new Error(`no such container: "${containerName}"`);
    const value = resourceFieldValue(of, resource, divisor, facts.allocatable);
    if (value === undefined) throw new Error(`unsupported container resource : ${resource}`);
    return value;
  }
  if (configMapKeyRef) {
    const { name = '', key, optional } = configMapKeyRef;
    return optionally(optional, async () => keyOf((await objects.configMap(namespace, name)).data, key, `ConfigMap ${namespace}/${name}`));
  }
  if (secretKeyRef) {
    const { name = '', key, optional } = secretKeyRef;
    return optionally(optional, async () => keyOf(decoded(await objects.secret(namespace, name)), key, `Secret ${namespace}/${name}`));
  }
  return undefined;
}

function keyOf(data: Readonly<Record<string, string>> | undefined, key: string, where: string): string {
  const value = data?.[key];
  if (value === undefined) throw new MissingReference(`couldn't find key ${key} in ${where}`);
  return value;
}

/** What is read, or undefined when it is not there and need not be. */
export async function optionally<T>(optional: boolean | undefined, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (optional === true && error instanceof MissingReference) return undefined;
    throw error;
  }
}

const decoded = (secret: Secret): Record<string, string> =>
  Object.fromEntries(Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));
