/** Changing an object (apiserver `pkg/registry/generic/registry/store.go` Update). */
import { prepareForUpdate } from '../../api/defaults/prepare.ts';
import { conflict, notFound, qualifiedResource, badRequest } from '../../api/status.ts';
import { invalid, invalidValue } from '../../api/field-errors.ts';
import type { KubeObject } from '../../api/types.ts';
import type { Entry, StoredObject } from '../store/entry.ts';
import { admit, allocate, targetKey, unstored, viewOf, type Core } from './core.ts';
import { createObject, matchNamespace } from './create.ts';
import { recordUpdate } from './managed-fields.ts';
import { differs, keepIdentity } from './metadata.ts';
import { checkUpdate, inForm, setDefaults } from './semantics.ts';
import { strategyOf } from './strategies.ts';
import { copyOf, modified, parseRevision, plainError, type Target, type WriteContext } from './write.ts';

/** How often a change without a precondition is made again because another write came between. */
const CONFLICT_ATTEMPTS = 10;

/**
 * Makes the new state of an object from the present one, which it may not change. Undefined where there is none: it throws
 * NotFound then, or gives the object to create.
 */
export type ChangeOf = (present: StoredObject | undefined) => KubeObject | Promise<KubeObject>;

export interface Updated {
  readonly entry: Entry;
  readonly created: boolean;
}

/** Which of an update's rules differ from a PUT's. */
export interface UpdateOptions {
  /** The change is made from the present state: it can be made again when that was overtaken. */
  readonly fromPresent?: boolean;
  /** The change may create the object when there is none (apply). */
  readonly mayCreate?: boolean;
  /** The change is the server's own and complete: no defaults, no rules of the kind, no validation. */
  readonly asIs?: boolean;
  /** The change has recorded managedFields itself. */
  readonly fieldsRecorded?: boolean;
}

/** Applies a change to a stored object, again when another write came between and no resourceVersion was demanded. Throws StatusError. */
export async function updateObject(
  core: Core,
  target: Target,
  change: ChangeOf,
  write: WriteContext,
  options: UpdateOptions = {},
): Promise<Updated> {
  const { definition } = target;
  const view = viewOf(core, definition);
  const strategy = strategyOf(definition);
  const key = targetKey(view, target);
  for (let attempt = 1; ; attempt += 1) {
    const entry = core.store.get(key);
    const before = entry && view.object(entry);
    const object = copyOf(await change(before));
    matchName(object, target);
    if (!entry || !before) {
      if (!(strategy.createOnUpdate || options.mayCreate === true) || target.subresource !== '') throw notFound(definition, target.name);
      if ((object.metadata.resourceVersion ?? '') !== '' && object.metadata.resourceVersion !== '0')
        throw modified(definition, target.name);
      delete object.metadata.resourceVersion;
      return { entry: await createObject(core, target, object, write, options), created: true };
    }
    const demanded = checkPreconditions(target, object, before);
    keepIdentity(object, before);
    if (options.asIs !== true) setDefaults(definition, object);
    await admit(core, {
      operation: 'update',
      resource: definition,
      subresource: target.subresource,
      namespace: target.namespace,
      name: target.name,
      user: write.user,
      object,
      before,
      dryRun: write.dryRun,
    });
    if (options.asIs !== true) {
      prepareForUpdate(definition, object, copyOf(before), target.subresource);
      checkUpdate(definition, object, before, target.subresource);
    }
    if (options.fieldsRecorded !== true && options.asIs !== true)
      recordUpdate(definition, object, before, write, core.clock.now(), target.subresource);
    const formed = inForm(definition, object);
    if (!differs(formed, before)) return { entry, created: false };
    const stored = view.toStored(formed);
    if (write.dryRun) return { entry: unstored(key, withRevision(stored, entry)), created: false };
    const done = await core.store.write((transaction) => {
      if (transaction.get(key)?.revision !== entry.revision) return undefined;
      if (isFinished(formed, before)) return finish(entry);
      if (target.subresource === '') allocate(core, view, stored, transaction);
      return transaction.put(key, stored);
      // What goes with its last finalizer is answered as it was after the change.
      function finish(last: Entry): Entry {
        transaction.remove(key);
        return unstored(key, withRevision(stored, last));
      }
    });
    if (done) return { entry: done, created: false };
    if ((demanded && options.fromPresent !== true) || attempt === CONFLICT_ATTEMPTS) throw modified(definition, target.name);
  }
}

/** Whether a deletion that waited for finalizers can go on. */
function isFinished(object: KubeObject, before: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
  if (deletionTimestamp === undefined || finalizers.length > 0) return false;
  const spec = object['spec'] as { finalizers?: string[] } | undefined;
  if (object.kind === 'Namespace') return (spec?.finalizers ?? []).length === 0;
  return deletionGracePeriodSeconds === 0 && (before.metadata.finalizers ?? []).length > 0;
}

function withRevision(object: KubeObject, of: Entry): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(of.revision) } };
}

function matchName(object: KubeObject, target: Target): void {
  const given = object.metadata.name ?? '';
  if (given === '') throw badRequest(`the name of the object (${target.name} based on URL) was undeterminable: name must be provided`);
  if (given !== target.name) throw badRequest(`the name of the object (${given}) does not match the name on the URL (${target.name})`);
  matchNamespace(object, target.namespace, target.definition.namespaced);
}

/** Compares uid and resourceVersion with what is stored. Returns whether a resourceVersion was demanded. */
function checkPreconditions(target: Target, object: KubeObject, before: StoredObject): boolean {
  const { definition, name } = target;
  const { uid = '', resourceVersion = '' } = object.metadata;
  if (resourceVersion !== '') {
    try {
      parseRevision(resourceVersion);
    } catch (error) {
      throw plainError(error instanceof Error ? error.message : '');
    }
  }
  if (uid !== '' && uid !== before.metadata.uid) {
    const key = `/registry/${qualifiedResource(definition)}${target.namespace === '' ? '' : `/${target.namespace}`}/${name}`;
    throw conflict(
      definition,
      name,
      `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ` +
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${before.metadata.uid}`,
    );
  }
  if (resourceVersion === '' || resourceVersion === '0') {
    if (!strategyOf(definition).unconditionalUpdate && target.subresource === '') {
      throw invalid(definition, name, [invalidValue('metadata.resourceVersion', 0, 'must be specified for an update')]);
    }
    return false;
  }
  if (resourceVersion !== before.metadata.resourceVersion) throw modified(definition, name);
  return true;
}
