/** GET of one object and of collections. */
import { badRequest, expired, failure, notFound } from '../../api/status.ts';
import type { StatusError } from '../../api/status.ts';
import type { ListMeta } from '../../api/types.ts';
import { errorText } from '../../util/log.ts';
import { targetKey, type Core } from '../registry/core.ts';
import { parseRevision, plainError } from '../registry/write.ts';
import type { Entry } from '../store/entry.ts';
import { decodeContinue, encodeContinue } from './continue-token.ts';
import { includeObject, sendList, sendObject } from './encode.ts';
import { listOptions, type ListOptions } from './list-options.ts';
import { formOf, targetOf, type ResourceRequest } from './request.ts';

/** How long a read waits for a revision that is not there yet, in ms. */
const REVISION_WAIT = 3_000;

/** GET of one object. Throws StatusError. */
export async function getObject(request: ResourceRequest): Promise<void> {
  const { core, view, query, exchange } = request;
  const form = formOf(request);
  const asked = query.get('resourceVersion') ?? '';
  if (asked !== '') await waitFor(core, revisionOf(asked, plainError));
  const target = targetOf(request);
  const entry = core.store.get(targetKey(view, target));
  if (!entry) throw notFound(request.definition, target.name);
  await sendObject(exchange, 200, view, entry, { form, include: includeObject(query), now: core.clock.now() });
}

/** GET of a collection. Throws StatusError. */
export async function listObjects(request: ResourceRequest): Promise<void> {
  const { core, view, query, exchange } = request;
  const form = formOf(request);
  const include = includeObject(query);
  const options = listOptions(request.definition, query, false);
  const { entries, metadata } = await collect(request, options);
  await sendList(exchange, view, entries, metadata, { form, include, now: core.clock.now() });
}

export interface Page {
  readonly entries: readonly Entry[];
  readonly metadata: ListMeta;
}

/** The objects that a list asks for, and the list's metadata. Throws StatusError. */
export async function collect(request: ResourceRequest, options: ListOptions): Promise<Page> {
  const { core, view, info } = request;
  const { selects } = options;
  const prefix = request.definition.namespaced && info.namespace !== '' ? `${info.namespace}/` : request.definition.namespaced ? '' : '/';
  const { revision, after } = await startOf(core, options);
  const current = revision === undefined;
  const at = revision ?? core.store.revision;
  const found = current || at === core.store.revision ? core.store.list(view.bucket, prefix) : core.store.listAt(view.bucket, prefix, at);
  if (!found) {
    throw expired(
      options.continue === ''
        ? 'The resourceVersion for the provided list is too old.'
        : 'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
    );
  }
  const whole = `${view.bucket}/${prefix}`;
  const rest = after === '' ? found : found.filter((entry) => entry.key > whole + after);
  const selected = selects.all ? rest : rest.filter((entry) => selects.matches(view.object(entry)));
  // A read from the cache of the original ignores the limit.
  const limit = options.resourceVersion === '0' ? 0 : options.limit;
  const metadata: ListMeta = { resourceVersion: String(at) };
  if (limit === 0 || selected.length <= limit) return { entries: selected, metadata };
  const entries = selected.slice(0, limit);
  const last = entries[entries.length - 1];
  metadata.continue = encodeContinue({ revision: at, after: last ? last.key.slice(whole.length) : '' });
  if (selects.all) metadata.remainingItemCount = selected.length - limit;
  return { entries, metadata };
}

/** The revision at which to read, and the key after which; without a revision the newest is right. */
async function startOf(core: Core, options: ListOptions): Promise<{ readonly revision?: number; readonly after: string }> {
  if (options.continue !== '') {
    if (options.resourceVersion !== '' && options.resourceVersion !== '0') {
      throw badRequest('specifying resource version is not allowed when using continue');
    }
    return decodeContinue(options.continue);
  }
  if (options.resourceVersion === '') return { after: '' };
  const revision = revisionOf(options.resourceVersion, (message) => badRequest(`invalid resource version: ${message}`));
  await waitFor(core, revision);
  return options.match === 'Exact' ? { revision, after: '' } : { after: '' };
}

/** Reads a resourceVersion parameter. Throws what `refuse` makes of the text. */
export function revisionOf(text: string, refuse: (message: string) => StatusError): number {
  try {
    return parseRevision(text);
  } catch (error) {
    throw refuse(`resourceVersion: Invalid value: ${JSON.stringify(text)}: ${errorText(error)}`);
  }
}

/** Waits a little until the store has reached a revision. Throws 504. */
async function waitFor(core: Core, revision: number): Promise<void> {
  if (core.store.revision >= revision) return;
  if (await core.store.reached(revision, core.clock, REVISION_WAIT)) return;
  throw failure(504, 'Timeout', `Timeout: Too large resource version: ${revision}, current: ${core.store.revision}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}
