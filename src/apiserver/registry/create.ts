/** Creating an object (apiserver `pkg/registry/generic/registry/store.go` Create). */
import { prepareForCreate } from '../../api/defaults/prepare.ts';
import { alreadyExists, badRequest, failure, qualifiedResource } from '../../api/status.ts';
import type { KubeObject } from '../../api/types.ts';
import type { Entry } from '../store/entry.ts';
import { admit, allocate, targetKey, unstored, viewOf, type Core } from './core.ts';
import { asSent, recordUpdate } from './managed-fields.ts';
import { fillCreated, generateName } from './metadata.ts';
import { checkNamespaceTakes } from './namespace-lifecycle.ts';
import { checkCreate, inForm, setDefaults } from './semantics.ts';
import { plainError, type Target, type WriteContext } from './write.ts';

/** How often a generated name is made anew when it is taken. */
const NAME_ATTEMPTS = 8;

/** Which of a creation's rules differ from a POST's. */
export interface CreateOptions {
  /** managedFields are complete already. */
  readonly fieldsRecorded?: boolean;
}

/**
 * Stores a new object; the given one becomes the server's. The target's name is that of the request's path and may be empty.
 * Throws StatusError.
 */
export async function createObject(
  core: Core,
  target: Target,
  object: KubeObject,
  write: WriteContext,
  options: CreateOptions = {},
): Promise<Entry> {
  const { definition } = target;
  const view = viewOf(core, definition);
  const { metadata } = object;
  const namespace = definition.namespaced ? target.namespace : '';
  matchNamespace(object, namespace, definition.namespaced);
  if (namespace !== '') checkNamespaceTakes(definition, namespace, metadata.name ?? metadata.generateName ?? '', core.store.get);
  if ((metadata.resourceVersion ?? '') !== '') throw plainError('resourceVersion should not be set on objects to be created');

  const generated = fillCreated(object, { namespace, now: core.clock.now() });
  setDefaults(definition, object);
  if (options.fieldsRecorded !== true) recordUpdate(definition, asSent(definition, object), undefined, write, core.clock.now());
  await admit(core, {
    operation: 'create',
    resource: definition,
    subresource: '',
    namespace,
    name: metadata.name ?? '',
    user: write.user,
    object,
    before: undefined,
    dryRun: write.dryRun,
  });
  prepareForCreate(definition, object);
  // What the server has just set has defaults too, as if it were read back from where it is stored.
  setDefaults(definition, object);
  checkCreate(definition, object);

  for (let attempt = 1; ; attempt += 1) {
    const entry = await storeNew();
    if (entry) return entry;
    if (!generated) throw alreadyExists(definition, metadata.name ?? '');
    if (attempt === NAME_ATTEMPTS) throw couldNotGenerate(metadata.name ?? '');
    metadata.name = generateName(metadata.generateName ?? '');
  }

  async function storeNew(): Promise<Entry | undefined> {
    const key = targetKey(view, { namespace, name: metadata.name ?? '' });
    const stored = view.toStored(inForm(definition, object));
    if (write.dryRun) {
      allocate(core, view, stored, { range: core.store.list });
      return core.store.get(key) ? undefined : unstored(key, stored);
    }
    return core.store.write((transaction) => {
      if (transaction.get(key)) return undefined;
      if (namespace !== '') checkNamespaceTakes(definition, namespace, metadata.name ?? '', transaction.get);
      allocate(core, view, stored, transaction);
      return transaction.put(key, stored);
    });
  }

  function couldNotGenerate(name: string): Error {
    return failure(
      409,
      'AlreadyExists',
      `${qualifiedResource(definition)} "${name}" already exists, the server was not able to generate a unique name for the object`,
      { name, group: definition.group, kind: definition.resource, retryAfterSeconds: 1 },
    );
  }
}

/** Throws when an object names another namespace than the request. */
export function matchNamespace(object: KubeObject, namespace: string, namespaced: boolean): void {
  const given = object.metadata.namespace ?? '';
  if (namespaced && given !== '' && given !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}
