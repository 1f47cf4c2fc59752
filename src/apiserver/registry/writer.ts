import type { ObjectOfResource, ResourceDefinition, StoredOf } from '../../api/resources.ts';
import type { KubeObject } from '../../api/types.ts';
import type { ObjectWriter } from '../endpoint.ts';
import { viewOf, type Core } from './core.ts';
import { createObject } from './create.ts';
import { deleteObject } from './delete.ts';
import { updateObject } from './update.ts';
import { copyOf, INTERNAL, type Target } from './write.ts';

/** Writes for the parts inside the API server, in its own name. */
export function createWriter(core: Core): ObjectWriter {
  const targetOf = (definition: ResourceDefinition, { metadata }: KubeObject): Target => ({
    definition,
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    subresource: '',
  });
  return {
    async create<R extends ResourceDefinition>(definition: R, given: ObjectOfResource<R>) {
      const object = copyOf(given as unknown as KubeObject);
      const entry = await createObject(core, targetOf(definition, object), object, INTERNAL);
      return viewOf(core, definition).object(entry) as unknown as StoredOf<R>;
    },
    async update<R extends ResourceDefinition>(definition: R, given: ObjectOfResource<R>) {
      const object = copyOf(given as unknown as KubeObject);
      const { entry } = await updateObject(core, targetOf(definition, object), () => object, INTERNAL);
      return viewOf(core, definition).object(entry) as unknown as StoredOf<R>;
    },
    async delete(definition, namespace, name) {
      await deleteObject(core, { definition, namespace, name, subresource: '' }, {}, INTERNAL);
    },
  };
}
