/**
 * Deletes what nobody owns any more, and carries out Foreground and Orphan deletions
 * (controller `pkg/controller/garbagecollector`).
 */
import { resourceDefinitions, type ResourceDefinition } from '../../api/resources.ts';
import { hasReason } from '../../api/status.ts';
import type { OwnerReference } from '../../api/types.ts';
import { errorText, type Logger } from '../../util/log.ts';
import { apiVersionOf } from '../gvk.ts';
import { targetKey, viewOf, type Core } from '../registry/core.ts';
import { deleteObject } from '../registry/delete.ts';
import { updateObject } from '../registry/update.ts';
import { copyOf, INTERNAL, type Target } from '../registry/write.ts';
import type { StoredObject } from '../store/entry.ts';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

/** The buckets that hold objects, with the definition under which they are stored. */
const STORED = resourceDefinitions.filter((of) => of.verbs.includes('delete') && of.verbs.includes('watch'));

export interface GarbageCollector {
  stop(): void;
}

/** Starts to follow every object that owns or is owned. */
export function startGarbageCollector(core: Core, log: Logger): GarbageCollector {
  /** Keys of dependents by the uid of an owner. */
  const dependents = new Map<string, Set<string>>();
  const definitionOf = new Map<string, ResourceDefinition>();
  // Of two versions of one bucket, the one that is stored writes.
  for (const of of STORED) if (viewOf(core, of).storage === of) definitionOf.set(viewOf(core, of).bucket, of);
  const waiting = new Set<string>();
  let working: Promise<void> | undefined;
  let stopped = false;

  const look = (key: string): void => {
    waiting.add(key);
    working ??= work();
  };
  const work = async (): Promise<void> => {
    // After the change is told to everybody.
    await Promise.resolve();
    for (const key of waiting) {
      waiting.delete(key);
      if (stopped) break;
      try {
        await settle(key);
      } catch (error) {
        if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict'))
          log.warn('Garbage cannot be collected', { key, error: errorText(error) });
      }
    }
    working = undefined;
  };

  const index = (key: string, object: StoredObject): void => {
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const keys = dependents.get(uid) ?? new Set();
      dependents.set(uid, keys.add(key));
    }
  };
  const forget = (key: string, object: StoredObject): void => {
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const keys = dependents.get(uid);
      keys?.delete(key);
      if (keys?.size === 0) dependents.delete(uid);
    }
  };

  /** Does for one object what its owners and its finalizers ask for. */
  const settle = async (key: string): Promise<void> => {
    const entry = core.store.get(key);
    if (!entry) return;
    const { object } = entry;
    const { deletionTimestamp, finalizers = [], ownerReferences = [] } = object.metadata;
    if (deletionTimestamp !== undefined && finalizers.includes(ORPHAN)) await orphan(key, object);
    else if (deletionTimestamp !== undefined && finalizers.includes(FOREGROUND)) await deleteDependents(key, object);
    else if (deletionTimestamp === undefined && ownerReferences.length > 0 && ownerReferences.every((owner) => isAbsent(object, owner))) {
      await remove(key, object);
    }
  };

  const isAbsent = (dependent: StoredObject, owner: OwnerReference): boolean => {
    const definition = STORED.find((of) => of.kind === owner.kind && apiVersionOf(of) === owner.apiVersion);
    // A kind that is not served here cannot be said to be gone.
    if (!definition) return false;
    const target = { namespace: dependent.metadata.namespace ?? '', name: owner.name };
    return core.store.get(targetKey(viewOf(core, definition), target))?.object.metadata.uid !== owner.uid;
  };

  const deleteDependents = async (key: string, owner: StoredObject): Promise<void> => {
    let blocking = false;
    for (const dependent of dependents.get(owner.metadata.uid) ?? []) {
      const object = core.store.get(dependent)?.object;
      if (!object) continue;
      blocking ||= (object.metadata.ownerReferences ?? []).some((of) => of.uid === owner.metadata.uid && of.blockOwnerDeletion === true);
      if (object.metadata.deletionTimestamp === undefined) await remove(dependent, object, 'Foreground');
    }
    if (!blocking) await dropFinalizer(key, owner, FOREGROUND);
  };

  const orphan = async (key: string, owner: StoredObject): Promise<void> => {
    for (const dependent of dependents.get(owner.metadata.uid) ?? []) {
      const object = core.store.get(dependent)?.object;
      if (object)
        await change(
          dependent,
          object,
          (metadata) => (metadata.ownerReferences ?? []).filter((of) => of.uid !== owner.metadata.uid),
          'ownerReferences',
        );
    }
    await dropFinalizer(key, owner, ORPHAN);
  };

  const dropFinalizer = (key: string, object: StoredObject, finalizer: string): Promise<void> =>
    change(key, object, (metadata) => (metadata.finalizers ?? []).filter((name) => name !== finalizer), 'finalizers');

  const targetOf = (key: string, object: StoredObject): Target | undefined => {
    const definition = definitionOf.get(key.slice(0, key.indexOf('/')));
    return definition && { definition, namespace: object.metadata.namespace ?? '', name: object.metadata.name, subresource: '' };
  };
  const remove = async (key: string, object: StoredObject, propagation: 'Background' | 'Foreground' = 'Background'): Promise<void> => {
    const target = targetOf(key, object);
    if (target) await deleteObject(core, target, { uid: object.metadata.uid, propagation }, INTERNAL);
  };
  const change = async <F extends 'finalizers' | 'ownerReferences'>(
    key: string,
    object: StoredObject,
    of: (metadata: StoredObject['metadata']) => NonNullable<StoredObject['metadata'][F]>,
    field: F,
  ): Promise<void> => {
    const target = targetOf(key, object);
    if (!target) return;
    await updateObject(
      core,
      target,
      (present) => {
        const next = copyOf(present ?? object) as StoredObject;
        next.metadata[field] = of(next.metadata);
        return next;
      },
      { ...INTERNAL, manager: '' },
      { asIs: true, fromPresent: true },
    );
  };

  const lookAtOwner = (dependent: StoredObject, owner: OwnerReference): void => {
    const definition = STORED.find((of) => of.kind === owner.kind && apiVersionOf(of) === owner.apiVersion);
    if (definition) look(targetKey(viewOf(core, definition), { namespace: dependent.metadata.namespace ?? '', name: owner.name }));
  };
  const stops = [...definitionOf.keys()].map((bucket) => {
    for (const entry of core.store.list(bucket, '')) index(entry.key, entry.object);
    return core.store.subscribe(bucket, (events) => {
      for (const { type, entry, before } of events) {
        if (before) forget(entry.key, before.object);
        if (type === 'DELETED') {
          for (const dependent of dependents.get(entry.object.metadata.uid) ?? []) look(dependent);
          // An owner that waits for its dependents may go on.
          for (const owner of entry.object.metadata.ownerReferences ?? []) lookAtOwner(entry.object, owner);
        } else {
          index(entry.key, entry.object);
          const { ownerReferences, deletionTimestamp } = entry.object.metadata;
          if (ownerReferences !== undefined || deletionTimestamp !== undefined) look(entry.key);
        }
      }
    });
  });
  for (const bucket of definitionOf.keys()) {
    for (const { key, object } of core.store.list(bucket, '')) {
      if (object.metadata.ownerReferences !== undefined || object.metadata.deletionTimestamp !== undefined) look(key);
    }
  }
  return {
    stop() {
      stopped = true;
      for (const stop of stops) stop();
    },
  };
}
