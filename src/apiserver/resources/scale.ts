/** The scale subresource: replicas of a workload in a kind of its own (pkg/registry/apps/deployment/storage). */
import { matcherOf } from '../../api/selectors.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import { notFound } from '../../api/status.ts';
import type { KubeObject, LabelSelector, ObjectOf } from '../../api/types.ts';
import { readObject } from '../http/body.ts';
import { sendValue } from '../http/send.ts';
import { targetKey } from '../registry/core.ts';
import { updateObject } from '../registry/update.ts';
import { copyOf } from '../registry/write.ts';
import type { StoredObject } from '../store/entry.ts';
import { asPatched, readPatch } from './patch.ts';
import { formOf, targetOf, type ResourceRequest } from './request.ts';
import { writeOptions, type WriteOptions } from './write-options.ts';

type Scale = ObjectOf<'autoscaling/v1.Scale'>;

const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale', type: 'autoscaling/v1.Scale' } as const;

/** GET, PUT and PATCH of `…/scale`. Throws StatusError. */
export async function serveScale(request: ResourceRequest): Promise<void> {
  const { method } = request.exchange;
  if (method === 'GET') await getScale(request);
  else if (method === 'PUT') {
    const options = writeOptions(request, 'UpdateOptions');
    const scale = (await readObject(request.exchange, SCALE, options.validation, request.warn)) as unknown as Scale;
    await setReplicas(request, options, () => scale);
  } else {
    const options = writeOptions(request, 'PatchOptions');
    const patch = await readPatch(request, SCALE.type);
    await setReplicas(request, options, (present) => asPatched(patch, present, SCALE, options, request.warn));
  }
}

async function getScale(request: ResourceRequest): Promise<void> {
  const { core, view, exchange } = request;
  const form = formOf(request, { objectsOnly: true });
  const target = targetOf(request);
  const entry = core.store.get(targetKey(view, target));
  if (!entry) throw notFound(request.definition, target.name);
  await sendValue(exchange, 200, scaleOf(request.definition, view.object(entry)), form.media, form.pretty);
}

async function setReplicas(request: ResourceRequest, options: WriteOptions, change: (present: Scale) => KubeObject | Scale): Promise<void> {
  const { core, view, exchange, definition } = request;
  const form = formOf(request, { objectsOnly: true });
  const target = targetOf(request);
  const { entry } = await updateObject(
    core,
    // Replicas are part of what is desired: the rules are those of the object itself.
    { ...target, subresource: '' },
    (present) => {
      if (!present) throw notFound(definition, target.name);
      const scale = change(scaleOf(definition, present)) as Scale;
      const object: KubeObject = copyOf(present);
      if (scale.metadata?.resourceVersion === undefined) delete object.metadata.resourceVersion;
      else object.metadata.resourceVersion = scale.metadata.resourceVersion;
      object['spec'] = { ...(object['spec'] as object), replicas: scale.spec?.replicas ?? 0 };
      return object;
    },
    options.write,
    { fromPresent: true },
  );
  await sendValue(exchange, 200, scaleOf(definition, view.object(entry)), form.media, form.pretty);
}

/** A workload's Scale. */
function scaleOf(definition: ResourceDefinition, object: StoredObject): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const spec = (object['spec'] ?? {}) as { replicas?: number; selector?: LabelSelector | Record<string, string> };
  const status = (object['status'] ?? {}) as { replicas?: number };
  // ReplicationControllers select by a bare map.
  const selector =
    definition.group === '' ? { matchLabels: spec.selector as Record<string, string> } : (spec.selector as LabelSelector | undefined);
  const selects = matcherOf(selector).toString();
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...(namespace !== undefined && { namespace }), uid, resourceVersion, creationTimestamp },
    spec: { replicas: spec.replicas ?? 0 },
    status: { replicas: status.replicas ?? 0, ...(selects !== '' && { selector: selects }) },
  };
}
