/**
 * What a server sets itself when it stores an object, whatever the client sent: the status is its
 * own, the generation counts changes of the spec (the `strategy.go` of each resource in `pkg/registry`).
 */
import { valueAt } from '../fields.ts';
import { isObject, jsonEqual } from '../own.ts';
import type { JsonObject } from '../own.ts';
import { qosClass } from '../qos.ts';
import type { ResourceDefinition } from '../resources.ts';
import { sameAt } from '../same.ts';
import { applyDefaults } from './defaults.ts';

const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';
const JOB_UID = 'batch.kubernetes.io/controller-uid';

/** Kinds whose metadata.generation counts. */
const GENERATED: ReadonlySet<string> = new Set([
  'pods',
  'podtemplates',
  'replicationcontrollers',
  'deployments.apps',
  'replicasets.apps',
  'daemonsets.apps',
  'statefulsets.apps',
  'jobs.batch',
  'cronjobs.batch',
  'ingresses.networking.k8s.io',
  'ingressclasses.networking.k8s.io',
  'networkpolicies.networking.k8s.io',
  'poddisruptionbudgets.policy',
  'endpointslices.discovery.k8s.io',
  'priorityclasses.scheduling.k8s.io',
  'flowschemas.flowcontrol.apiserver.k8s.io',
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io',
  'customresourcedefinitions.apiextensions.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
]);
/** Kinds that are created with the status that the client sent. */
const STATUS_AT_CREATE: ReadonlySet<string> = new Set(['nodes']);

const nameOf = (of: ResourceDefinition): string => (of.group === '' ? of.resource : `${of.resource}.${of.group}`);
const hasStatus = (of: ResourceDefinition): boolean => of.subresources?.some((s) => s.name === 'status') === true;

/** The object at a key; made when it is missing. */
function child(object: JsonObject, key: string): JsonObject {
  const value = object[key];
  if (isObject(value)) return value;
  const made: JsonObject = {};
  object[key] = made;
  return made;
}

/** The object at a path, or an empty one: for reading what must not change. */
const part = (object: JsonObject, ...path: readonly string[]): Readonly<JsonObject> => {
  const value = valueAt(object, ...path);
  return isObject(value) ? value : {};
};

function put(object: JsonObject, key: string, value: unknown): void {
  if (value === undefined) delete object[key];
  else object[key] = value;
}

/** Readies a decoded, defaulted object for its creation, in place. metadata.uid must be set already. */
export function prepareForCreate(of: ResourceDefinition, object: object): void {
  if (!isObject(object)) return;
  const name = nameOf(of);
  const metadata = child(object, 'metadata');
  delete metadata['generation'];
  if (GENERATED.has(name)) metadata['generation'] = 1;
  if (hasStatus(of) && !STATUS_AT_CREATE.has(name)) {
    delete object['status'];
    // Statuses have defaults of their own: a claim is Pending, a namespace Active.
    applyDefaults(of.type, object);
  }
  creations[name]?.(object);
}

/**
 * Readies a decoded, defaulted object to replace another, in place; `before` is only read, but the
 * object shares parts with it afterwards. `subresource` is empty for the object itself.
 */
export function prepareForUpdate(of: ResourceDefinition, object: object, before: object, subresource = ''): void {
  if (!isObject(object) || !isObject(before)) return;
  const name = nameOf(of);
  keepMetadata(object, before);
  if (subresource === '') put(object, 'status', before['status']);
  else keepAllBut(subresource, name, object, before);
  if (subresource === '') updates[name]?.(object, before);
  countGeneration(of, object, before);
}

/** What no client changes. */
function keepMetadata(object: JsonObject, before: JsonObject): void {
  const metadata = child(object, 'metadata');
  const old = part(before, 'metadata');
  for (const key of ['generation', 'deletionTimestamp', 'deletionGracePeriodSeconds']) put(metadata, key, old[key]);
  for (const key of ['uid', 'creationTimestamp', 'selfLink'])
    if (metadata[key] === undefined || metadata[key] === '') put(metadata, key, old[key]);
}

/** A subresource changes its part and metadata; the rest stays. */
function keepAllBut(subresource: string, name: string, object: JsonObject, before: JsonObject): void {
  const spec = object['spec'];
  const kept = Object.keys(before).filter((key) => key !== 'metadata' && (subresource !== 'status' || key !== 'status'));
  const own = new Set(['apiVersion', 'kind', 'metadata', ...(subresource === 'status' || subresource === 'approval' ? ['status'] : [])]);
  for (const key of Object.keys(object)) if (!own.has(key)) delete object[key];
  for (const key of kept) if (!(subresource === 'approval' && key === 'status')) object[key] = before[key];
  const fields = PARTS[subresource];
  if (subresource === 'resize' && isObject(spec)) object['spec'] = resized(spec, part(before, 'spec'));
  else if (fields !== undefined && isObject(spec)) {
    const merged: JsonObject = { ...(isObject(before['spec']) ? before['spec'] : {}) };
    for (const key of fields) put(merged, key, spec[key]);
    object['spec'] = merged;
  }
  if (subresource !== 'status') return;
  const metadata = child(object, 'metadata');
  if (name === 'pods') {
    put(metadata, 'ownerReferences', part(before, 'metadata')['ownerReferences']);
    put(child(object, 'status'), 'qosClass', part(before, 'status')['qosClass']);
  }
  if (WORKLOADS.has(name)) put(metadata, 'labels', part(before, 'metadata')['labels']);
}

/** The fields of the spec that a subresource may change. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  finalize: ['finalizers'],
  ephemeralcontainers: ['ephemeralContainers'],
};

/** The old spec with new resources. Containers that came, went or changed places are left for validation to refuse. */
function resized(spec: JsonObject, old: Readonly<JsonObject>): JsonObject {
  const list = (of: Readonly<JsonObject>, key: string): JsonObject[] => (Array.isArray(of[key]) ? of[key].filter(isObject) : []);
  const keys = ['containers', 'initContainers'] as const;
  if (keys.some((key) => list(spec, key).length !== list(old, key).length)) return spec;
  const merged: JsonObject = { ...old };
  for (const key of keys) {
    const now = list(spec, key);
    const then = list(old, key);
    if (now.length === 0) continue;
    const kept = now.every((container, i) => container['name'] === then[i]?.['name']);
    merged[key] = kept ? now.map((container, i) => withResources(then[i] ?? {}, container)) : now;
  }
  put(merged, 'resources', spec['resources']);
  return merged;
}

function withResources(old: JsonObject, now: JsonObject): JsonObject {
  const container: JsonObject = { ...old };
  for (const key of ['resources', 'resizePolicy']) put(container, key, now[key]);
  return container;
}
const WORKLOADS: ReadonlySet<string> = new Set(['deployments.apps', 'replicasets.apps', 'statefulsets.apps', 'daemonsets.apps']);

function countGeneration(of: ResourceDefinition, object: JsonObject, before: JsonObject): void {
  const name = nameOf(of);
  if (!GENERATED.has(name)) return;
  const sameSpec = SPECLESS.has(name) ? sameAt(of.type, bodyOf(object), bodyOf(before)) : sameAt(of.type, object, before, 'spec');
  // A Deployment's annotations count too: the controller copies them to its ReplicaSets.
  const same = sameSpec && (name !== 'deployments.apps' || jsonEqual(annotationsOf(object), annotationsOf(before)));
  const generation = part(before, 'metadata')['generation'];
  if (!same) child(object, 'metadata')['generation'] = (typeof generation === 'number' ? generation : 0) + 1;
}

/** Kinds that have their fields beside metadata instead of in a spec. */
const SPECLESS: ReadonlySet<string> = new Set([
  'podtemplates',
  'endpointslices.discovery.k8s.io',
  'priorityclasses.scheduling.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
]);
const bodyOf = ({ metadata: _metadata, status: _status, apiVersion: _version, kind: _kind, ...body }: JsonObject): JsonObject => body;
const annotationsOf = (object: JsonObject): unknown => part(object, 'metadata', 'annotations');

/** What a pod says that must not be scheduled yet. */
const GATED = {
  type: 'PodScheduled',
  status: 'False',
  reason: 'SchedulingGated',
  message: 'Scheduling is blocked due to non-empty scheduling gates',
} as const;

const creations: Readonly<Record<string, ((object: JsonObject) => void) | undefined>> = {
  pods: (pod) => {
    const status: JsonObject = { phase: 'Pending', qosClass: qosClass(pod) };
    if (!isEmpty(part(pod, 'spec')['schedulingGates'] ?? []))
      status['conditions'] = [{ ...GATED, lastProbeTime: null, lastTransitionTime: null }];
    pod['status'] = status;
  },
  namespaces: (namespace) => {
    const spec = child(namespace, 'spec');
    const finalizers = Array.isArray(spec['finalizers']) ? spec['finalizers'] : [];
    if (!finalizers.includes('kubernetes')) spec['finalizers'] = [...(finalizers as unknown[]), 'kubernetes'];
  },
  services: serviceFamilies,
  'daemonsets.apps': (set) => {
    child(child(set, 'metadata'), 'annotations')[TEMPLATE_GENERATION] ??= '1';
  },
  'jobs.batch': jobSelector,
};

const updates: Readonly<Record<string, ((object: JsonObject, before: JsonObject) => void) | undefined>> = {
  namespaces: (namespace, before) => {
    put(child(namespace, 'spec'), 'finalizers', part(before, 'spec')['finalizers']);
  },
  pods: (pod, before) => {
    // Containers for debugging come and go through their own subresource alone.
    const spec = child(pod, 'spec');
    const old = part(before, 'spec');
    put(spec, 'ephemeralContainers', old['ephemeralContainers']);
    // The class was resolved at creation; a client that leaves the number out does not change it.
    if (spec['priorityClassName'] === old['priorityClassName'])
      for (const key of ['priority', 'preemptionPolicy']) if (spec[key] === undefined) put(spec, key, old[key]);
  },
  services: (service, before) => {
    const spec = child(service, 'spec');
    const old = part(before, 'spec');
    const external = spec['type'] === 'ExternalName';
    // A client that leaves out what the server allocated keeps it.
    if (!external)
      for (const key of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) if (isEmpty(spec[key])) put(spec, key, old[key]);
    if (!external) followClusterIP(spec, old);
    keepNodePorts(spec, old);
  },
  'daemonsets.apps': (set, before) => {
    const old = part(before, 'metadata', 'annotations')[TEMPLATE_GENERATION];
    const changed = !sameAt('apps/v1.DaemonSetSpec', child(set, 'spec'), part(before, 'spec'), 'template');
    const generation = Number(typeof old === 'string' ? old : '0') + (changed ? 1 : 0);
    child(child(set, 'metadata'), 'annotations')[TEMPLATE_GENERATION] = String(generation);
  },
};

const isEmpty = (value: unknown): boolean => value === undefined || value === '' || (Array.isArray(value) && value.length === 0);

/** `clusterIP` and the first of `clusterIPs` say the same: who changes one changes both. */
function followClusterIP(spec: JsonObject, old: JsonObject): void {
  const [changed, listChanged] = ['clusterIP', 'clusterIPs'].map((key) => !jsonEqual(spec[key] ?? null, old[key] ?? null));
  if (changed && !listChanged) put(spec, 'clusterIPs', isEmpty(spec['clusterIP']) ? undefined : [spec['clusterIP']]);
  else if (listChanged && !changed)
    put(spec, 'clusterIP', Array.isArray(spec['clusterIPs']) ? (spec['clusterIPs'] as unknown[])[0] : undefined);
}

function keepNodePorts(spec: JsonObject, old: JsonObject): void {
  if (spec['type'] !== 'NodePort' && spec['type'] !== 'LoadBalancer') return;
  const ports = (of: JsonObject): JsonObject[] => (Array.isArray(of['ports']) ? of['ports'].filter(isObject) : []);
  for (const port of ports(spec)) {
    if (typeof port['nodePort'] === 'number' && port['nodePort'] > 0) continue;
    const same = ports(old).find((p) => p['port'] === port['port'] && p['protocol'] === port['protocol']);
    if (same?.['nodePort'] !== undefined) port['nodePort'] = same['nodePort'];
  }
}

/** One IPv4 family, unless the Service is only a name elsewhere. The address itself is allocated later. */
function serviceFamilies(service: JsonObject): void {
  const spec = child(service, 'spec');
  if (spec['type'] === 'ExternalName') return;
  if (isEmpty(spec['ipFamilyPolicy'])) spec['ipFamilyPolicy'] = 'SingleStack';
  if (isEmpty(spec['ipFamilies'])) spec['ipFamilies'] = ['IPv4'];
  if (isEmpty(spec['clusterIPs']) && !isEmpty(spec['clusterIP'])) spec['clusterIPs'] = [spec['clusterIP']];
  const first = Array.isArray(spec['clusterIPs']) ? (spec['clusterIPs'] as unknown[])[0] : undefined;
  if (isEmpty(spec['clusterIP']) && first !== undefined) spec['clusterIP'] = first;
}

/** A Job selects its pods by its own uid, unless it says that it has a selector of its own. */
function jobSelector(job: JsonObject): void {
  const spec = child(job, 'spec');
  if (spec['manualSelector'] === true) return;
  const { name, uid } = child(job, 'metadata');
  if (typeof uid !== 'string' || typeof name !== 'string') return;
  const labels = child(child(child(spec, 'template'), 'metadata'), 'labels');
  Object.assign(labels, { [JOB_UID]: uid, 'batch.kubernetes.io/job-name': name, 'controller-uid': uid, 'job-name': name });
  const selector = child(spec, 'selector');
  child(selector, 'matchLabels')[JOB_UID] = uid;
}
