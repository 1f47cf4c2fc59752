/** Deleting objects: at once, after a grace period, or when the last finalizer is gone (apiserver `rest/delete.go`, `store.go` Delete). */
import { conflict, notFound } from '../../api/status.ts';
import { goTime, parseTime } from '../../api/time.ts';
import type { KubeObject, Pod } from '../../api/types.ts';
import type { Entry } from '../store/entry.ts';
import type { Transaction } from '../store/store.ts';
import { admit, targetKey, unstored, viewOf, type Core } from './core.ts';
import { checkNamespaceMayGo } from './namespace-lifecycle.ts';
import { copyOf, type Target, type WriteContext } from './write.ts';

/** DeleteOptions as far as they matter here. */
export interface DeleteRequest {
  readonly gracePeriodSeconds?: number;
  readonly propagation?: 'Foreground' | 'Background' | 'Orphan';
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export interface Deleted {
  /** The object as it is left, or as it was last. */
  readonly entry: Entry;
  /** It is gone, not only marked. */
  readonly gone: boolean;
}

const FINALIZER_OF = { Foreground: 'foregroundDeletion', Orphan: 'orphan' } as const;

/** Deletes one object. Throws StatusError. */
export async function deleteObject(core: Core, target: Target, request: DeleteRequest, write: WriteContext): Promise<Deleted> {
  const { definition, name } = target;
  const view = viewOf(core, definition);
  const key = targetKey(view, target);
  if (view.bucket === 'namespaces') checkNamespaceMayGo(name);
  const present = core.store.get(key);
  if (!present) throw notFound(definition, name);
  checkPreconditions(target, request, present);
  await admit(core, {
    operation: 'delete',
    resource: definition,
    subresource: target.subresource,
    namespace: target.namespace,
    name,
    user: write.user,
    object: undefined,
    before: view.object(present),
    dryRun: write.dryRun,
  });
  const now = core.clock.now();
  if (write.dryRun) return dryRun(present, key, marked(present, request, now));
  return core.store.write((transaction) => {
    const found = transaction.get(key);
    if (!found) throw notFound(definition, name);
    checkPreconditions(target, request, found);
    return apply(transaction, found, marked(found, request, now));
  });
}

/** What a deletion does to an object. */
type Outcome =
  /** Already being deleted, and this request asks for nothing sooner. */
  | { readonly kind: 'pending' }
  | { readonly kind: 'mark'; readonly object: KubeObject; readonly thenRemove: boolean }
  | { readonly kind: 'remove' };

function apply(transaction: Transaction, entry: Entry, outcome: Outcome): Deleted {
  if (outcome.kind === 'pending') return { entry, gone: false };
  if (outcome.kind === 'remove') {
    transaction.remove(entry.key);
    return { entry, gone: true };
  }
  // Watchers see the mark before the end, as they do when both are far apart.
  const left = transaction.put(entry.key, outcome.object);
  if (outcome.thenRemove) transaction.remove(entry.key);
  return { entry: left, gone: outcome.thenRemove };
}

function dryRun(entry: Entry, key: string, outcome: Outcome): Deleted {
  if (outcome.kind === 'mark') return { entry: unstored(key, outcome.object), gone: outcome.thenRemove };
  return { entry, gone: outcome.kind === 'remove' };
}

/** Decides what becomes of an object. */
function marked(entry: Entry, request: DeleteRequest, now: number): Outcome {
  const before = entry.object;
  const finalizers = finalizersAfter(before.metadata.finalizers ?? [], request.propagation);
  if (entry.bucket === 'namespaces') return markNamespace(entry, finalizers, now);
  const grace = entry.bucket === 'pods' ? podGrace(before, request.gracePeriodSeconds) : undefined;
  const object = copyOf(before);
  const { metadata } = object;
  if (finalizers.length > 0) metadata.finalizers = [...finalizers];
  else delete metadata.finalizers;
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = before.metadata;
  if (deletionTimestamp !== undefined) {
    if (grace === undefined) return finalizers.length > 0 ? { kind: 'pending' } : { kind: 'remove' };
    // A deletion that has begun can only be made shorter.
    if (request.gracePeriodSeconds === undefined) return { kind: 'pending' };
    if (deletionGracePeriodSeconds > 0 ? grace >= deletionGracePeriodSeconds : finalizers.length > 0) return { kind: 'pending' };
    metadata.deletionTimestamp = goTime(parseTime(deletionTimestamp) + (grace - deletionGracePeriodSeconds) * 1000);
    metadata.deletionGracePeriodSeconds = grace;
    return { kind: 'mark', object, thenRemove: grace === 0 && finalizers.length === 0 };
  }
  if (grace === undefined && finalizers.length === 0) return { kind: 'remove' };
  metadata.deletionTimestamp = goTime(now + (grace ?? 0) * 1000);
  metadata.deletionGracePeriodSeconds = grace ?? 0;
  if ((metadata.generation ?? 0) > 0) metadata.generation = (metadata.generation ?? 0) + 1;
  return { kind: 'mark', object, thenRemove: (grace ?? 0) === 0 && finalizers.length === 0 };
}

/** Seconds that a pod is given to end; none when nothing of it runs. (pkg/registry/core/pod/strategy.go CheckGracefulDelete) */
function podGrace(pod: Pod, asked: number | undefined): number {
  const period = asked ?? pod.spec?.terminationGracePeriodSeconds ?? 0;
  const phase = pod.status?.phase;
  if ((pod.spec?.nodeName ?? '') === '' || phase === 'Failed' || phase === 'Succeeded') return 0;
  return period < 0 ? 1 : period;
}

/** A namespace is marked first; its content is emptied and then it goes (pkg/registry/core/namespace/storage). */
function markNamespace(entry: Entry, finalizers: readonly string[], now: number): Outcome {
  const spec = entry.object['spec'] as { finalizers?: string[] } | undefined;
  const waits = (spec?.finalizers ?? []).length > 0 || finalizers.length > 0;
  if (!waits) return { kind: 'remove' };
  if (entry.object.metadata.deletionTimestamp !== undefined) return { kind: 'pending' };
  const object = copyOf(entry.object);
  object.metadata.deletionTimestamp = goTime(now);
  object['status'] = { ...(object['status'] as object | undefined), phase: 'Terminating' };
  return { kind: 'mark', object, thenRemove: false };
}

function finalizersAfter(present: readonly string[], propagation: DeleteRequest['propagation']): readonly string[] {
  if (propagation === undefined) return present;
  const own: readonly string[] = Object.values(FINALIZER_OF);
  const others = present.filter((finalizer) => !own.includes(finalizer));
  return propagation === 'Background' ? others : [...others, FINALIZER_OF[propagation]];
}

function checkPreconditions(target: Target, request: DeleteRequest, entry: Entry): void {
  const { metadata, kind } = entry.object;
  const refuse = (what: string, asked: string, found: string, hint: string): never => {
    // The original names the kind where other conflicts name the resource.
    throw conflict(
      { group: target.definition.group, resource: kind },
      target.name,
      `the ${what} in the precondition (${asked}) does not match the ${what} in record (${found}). The object might have been ${hint}`,
    );
  };
  if (request.uid !== undefined && request.uid !== metadata.uid) refuse('UID', request.uid, metadata.uid, 'deleted and then recreated');
  if (request.resourceVersion !== undefined && request.resourceVersion !== metadata.resourceVersion) {
    refuse('ResourceVersion', request.resourceVersion, metadata.resourceVersion, 'modified');
  }
}
