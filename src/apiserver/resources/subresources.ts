/** Subresources of pods that are created: binding to a node, eviction (pkg/registry/core/pod/storage). */
import { resources, type ResourceDefinition } from '../../api/resources.ts';
import { badRequest, conflict } from '../../api/status.ts';
import { goTime } from '../../api/time.ts';
import type { Binding, DeleteOptions, KubeObject, Pod, PodCondition } from '../../api/types.ts';
import type { ApiRequest, CreateHandler } from '../endpoint.ts';
import type { Core } from '../registry/core.ts';
import { deleteObject } from '../registry/delete.ts';
import { updateObject } from '../registry/update.ts';
import { copyOf, plainError, type Target, type WriteContext } from '../registry/write.ts';

/** The create handlers that the server brings itself, under the keys of `Endpoints.create`. */
export function podCreations(core: Core): Readonly<Record<string, CreateHandler>> {
  return {
    'pods/binding': (request, object) => bind(core, request, request.info.name, object),
    bindings: (request, object) => bind(core, request, object.metadata.name ?? '', object),
    'pods/eviction': (request, object) => evict(core, request, object),
  };
}

const SUCCESS = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } as const;

function contextOf(request: ApiRequest): WriteContext {
  const dryRun = request.query.getAll('dryRun').includes('All');
  return { user: request.user, dryRun, manager: request.query.get('fieldManager') ?? '', warn: () => undefined };
}

function podTarget(request: ApiRequest, name: string, subresource: string): Target {
  const definition: ResourceDefinition = resources.pods;
  return { definition, namespace: request.info.namespace, name, subresource };
}

/** Assigns a pod to a node; refuses when it has one. */
async function bind(core: Core, request: ApiRequest, name: string, object: KubeObject): Promise<object> {
  const { target, metadata } = object as unknown as Binding;
  if ((target?.kind ?? '') !== '' && target?.kind !== 'Node')
    throw plainError(`target.kind: Unsupported value: ${JSON.stringify(target?.kind)}: supported values: "Node", "<empty>"`);
  const node = target?.name ?? '';
  if (node === '') throw plainError('target.name: Required value');
  if ((metadata.name ?? '') !== '' && metadata.name !== name)
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  await updateObject(
    core,
    podTarget(request, name, 'binding'),
    (present) => bound(present, metadata, node, name, core.clock.now()),
    contextOf(request),
    { asIs: true, fromPresent: true },
  );
  return SUCCESS;
}

function bound(present: KubeObject | undefined, metadata: Binding['metadata'], node: string, name: string, now: number): KubeObject {
  // An update of what is not there says so itself.
  const pod = copyOf(present ?? { metadata: { name } }) as unknown as Pod;
  if (!pod.spec) return pod;
  const refuse = (why: string): Error => conflict({ group: '', resource: 'pods/binding' }, name, why);
  if (pod.metadata.deletionTimestamp !== undefined) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if ((pod.spec.nodeName ?? '') !== '') throw refuse(`pod ${name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`);
  if ((pod.spec.schedulingGates ?? []).length > 0) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  if (metadata.uid !== undefined) pod.metadata.uid = metadata.uid;
  if (metadata.resourceVersion !== undefined) pod.metadata.resourceVersion = metadata.resourceVersion;
  else delete pod.metadata.resourceVersion;
  pod.spec.nodeName = node;
  pod.metadata.annotations = { ...pod.metadata.annotations, ...metadata.annotations };
  const condition: PodCondition = { type: 'PodScheduled', status: 'True', lastTransitionTime: goTime(now) };
  if (pod.metadata.generation !== undefined) condition.observedGeneration = pod.metadata.generation;
  pod.status = { ...pod.status, conditions: [...(pod.status?.conditions ?? []).filter(({ type }) => type !== condition.type), condition] };
  return pod;
}

/** Deletes a pod with the options of the eviction. */
async function evict(core: Core, request: ApiRequest, object: KubeObject): Promise<object> {
  const { name } = request.info;
  if ((object.metadata.name ?? '') !== name) throw badRequest('name in URL does not match name in Eviction object');
  const options = (object['deleteOptions'] ?? {}) as DeleteOptions;
  const demand = {
    ...(options.gracePeriodSeconds !== undefined && { gracePeriodSeconds: options.gracePeriodSeconds }),
    ...(options.preconditions?.uid !== undefined && { uid: options.preconditions.uid }),
    ...(options.preconditions?.resourceVersion !== undefined && { resourceVersion: options.preconditions.resourceVersion }),
  };
  const context = contextOf(request);
  await deleteObject(core, podTarget(request, name, ''), demand, {
    ...context,
    dryRun: context.dryRun || (options.dryRun ?? []).includes('All'),
  });
  return SUCCESS;
}
