/** Empties namespaces that are being deleted and lets them go (controller `pkg/controller/namespace/deletion`). */
import { resourceDefinitions, resources } from '../../api/resources.ts';
import { hasReason } from '../../api/status.ts';
import { errorText, type Logger } from '../../util/log.ts';
import { viewOf, type Core } from '../registry/core.ts';
import { deleteObject } from '../registry/delete.ts';
import { updateObject } from '../registry/update.ts';
import { copyOf, INTERNAL } from '../registry/write.ts';

/** How long to wait for pods to end and finalizers to go before looking again, in ms. */
const LOOK_AGAIN = 1_000;
/** Pods go first: what they use should outlive them. */
const CONTENT = resourceDefinitions
  .filter((of) => of.namespaced && of.verbs.includes('delete'))
  .toSorted((a, b) => Number(b.resource === 'pods') - Number(a.resource === 'pods'));

export interface NamespaceFinalizer {
  stop(): void;
}

/** Starts to follow namespaces. Those that were being deleted when the server stopped go on. */
export function startNamespaceFinalizer(core: Core, log: Logger): NamespaceFinalizer {
  const running = new Set<string>();
  let stopped = false;
  const start = (name: string): void => {
    if (running.has(name) || stopped) return;
    running.add(name);
    void finalize(name).finally(() => running.delete(name));
  };
  const finalize = async (name: string): Promise<void> => {
    for (;;) {
      if (stopped) return;
      try {
        if (await emptyNamespace(core, name)) return;
      } catch (error) {
        log.warn('A namespace cannot be emptied yet', { namespace: name, error: errorText(error) });
      }
      await core.clock.sleep(LOOK_AGAIN);
    }
  };
  const unsubscribe = core.objects.subscribe(resources.namespaces, ({ type, object }) => {
    if (type !== 'DELETED' && object.metadata.deletionTimestamp !== undefined) start(object.metadata.name);
  });
  for (const namespace of core.objects.list(resources.namespaces)) {
    if (namespace.metadata.deletionTimestamp !== undefined) start(namespace.metadata.name);
  }
  return {
    stop() {
      stopped = true;
      unsubscribe();
    },
  };
}

/** Deletes what is in a namespace. Resolves with true when nothing was left and the namespace itself is gone. */
async function emptyNamespace(core: Core, name: string): Promise<boolean> {
  let left = 0;
  for (const definition of CONTENT) {
    const view = viewOf(core, definition);
    if (view.storage !== definition) continue;
    for (const entry of core.store.list(view.bucket, `${name}/`)) {
      const { name: object, deletionTimestamp } = entry.object.metadata;
      if (deletionTimestamp === undefined)
        await ignoreAbsent(deleteObject(core, { definition, namespace: name, name: object, subresource: '' }, {}, INTERNAL));
    }
    left += core.store.list(view.bucket, `${name}/`).length;
    if (left > 0 && view.bucket === 'pods') return false;
  }
  if (left > 0) return false;
  const target = { definition: resources.namespaces, namespace: '', name, subresource: 'finalize' };
  await ignoreAbsent(
    updateObject(
      core,
      target,
      (present) => {
        const namespace = copyOf(present ?? { metadata: { name } });
        delete namespace.metadata.resourceVersion;
        const { finalizers = [] } = (namespace['spec'] ?? {}) as { finalizers?: string[] };
        namespace['spec'] = { finalizers: finalizers.filter((finalizer) => finalizer !== 'kubernetes') };
        return namespace;
      },
      INTERNAL,
    ),
  );
  return core.objects.get(resources.namespaces, '', name) === undefined;
}

async function ignoreAbsent(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}
