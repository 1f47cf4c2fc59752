/** Keeps `metadata.managedFields` of ordinary writes (apiserver `pkg/endpoints/handlers/fieldmanager`). */
import { updateManagedFields } from '../../api/apply/update.ts';
import { goTime } from '../../api/time.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import type { KubeObject } from '../../api/types.ts';
import { apiVersionOf } from '../gvk.ts';
import type { WriteContext } from './write.ts';

/** Notes in place what a write's manager set. `before` is undefined for a new object. */
export function recordUpdate(
  definition: ResourceDefinition,
  object: KubeObject,
  before: KubeObject | undefined,
  write: WriteContext,
  now: number,
  subresource = '',
): void {
  if (write.manager === '') return;
  const fields = updateManagedFields(definition.type, before, object, {
    manager: write.manager,
    apiVersion: apiVersionOf(definition),
    ...(subresource !== '' && { subresource }),
    time: goTime(now),
  });
  if (fields.length === 0) delete object.metadata.managedFields;
  else object.metadata.managedFields = fields;
}

/** The object as a client means it: the status of a new object is the server's own. */
export function asSent(definition: ResourceDefinition, object: KubeObject): KubeObject {
  if (definition.resource === 'nodes' || !definition.subresources?.some((sub) => sub.name === 'status')) return object;
  const { status: _status, ...sent } = object;
  return { ...sent, metadata: object.metadata };
}
