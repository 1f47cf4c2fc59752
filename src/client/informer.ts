/** A local copy of a collection kept current by list and watch (client-go `tools/cache/reflector.go`). */
import { hasReason } from '../api/status.ts';
import type { ResourceDefinition, StoredOf } from '../api/resources.ts';
import type { Clock } from '../util/clock.ts';
import type { Informer, InformerHandlers, KubeClient, WatchOptions } from './kube-client.ts';

const FIRST_BACKOFF_MS = 200;
const MAX_BACKOFF_MS = 30_000;

interface Meta {
  readonly metadata: { readonly namespace?: string; readonly name?: string; readonly uid?: string; readonly resourceVersion?: string };
}

/** Starts an informer; `KubeClient.inform` is the door. */
export function startInformer<R extends ResourceDefinition>(
  client: KubeClient,
  clock: Clock,
  resource: R,
  options: Omit<WatchOptions, 'resourceVersion'>,
  handlers: InformerHandlers<StoredOf<R>>,
): Informer<StoredOf<R>> {
  type Item = StoredOf<R> & Meta;
  const items = new Map<string, Item>();
  const stopping = new AbortController();
  options.signal?.addEventListener('abort', () => stopping.abort(), { once: true });
  const signal = stopping.signal;
  let markSynced: () => void = () => undefined;
  const synced = new Promise<void>((resolve) => (markSynced = resolve));

  const store = (object: Item): void => {
    const key = keyOf(object);
    const before = items.get(key);
    items.set(key, object);
    if (before === undefined) handlers.added?.(object);
    else if (before.metadata.uid !== object.metadata.uid) {
      handlers.deleted?.(before);
      handlers.added?.(object);
    } else if (before.metadata.resourceVersion !== object.metadata.resourceVersion) handlers.modified?.(object, before);
  };
  const drop = (object: Item): void => {
    if (items.delete(keyOf(object))) handlers.deleted?.(object);
  };

  async function relist(): Promise<string> {
    const list = await client.list(resource, { ...options, signal });
    const present = new Set<string>();
    for (const object of list.items as Item[]) {
      present.add(keyOf(object));
      store(object);
    }
    for (const [key, object] of items) if (!present.has(key)) drop(items.get(key) ?? object);
    markSynced();
    return list.metadata.resourceVersion ?? '';
  }

  /** Follows the watch until it ends; the newest resourceVersion seen. */
  async function follow(from: string): Promise<string> {
    let resourceVersion = from;
    for await (const event of client.watch(resource, { ...options, signal, resourceVersion, allowWatchBookmarks: true })) {
      resourceVersion = (event.object as Meta).metadata.resourceVersion ?? resourceVersion;
      if (event.type === 'DELETED') drop(event.object as Item);
      else if (event.type !== 'BOOKMARK') store(event.object as Item);
    }
    return resourceVersion;
  }

  async function run(): Promise<void> {
    let resourceVersion: string | undefined;
    let backoff = FIRST_BACKOFF_MS;
    while (!signal.aborted) {
      try {
        resourceVersion ??= await relist();
        const before = resourceVersion;
        resourceVersion = await follow(before);
        backoff = FIRST_BACKOFF_MS;
        if (resourceVersion === before) await clock.sleep(backoff, signal);
      } catch (error) {
        if (signal.aborted) return;
        // A watch that fell behind starts over at once; anything else waits before it asks again.
        const gone = hasReason(error, 'Expired') || hasReason(error, 'Gone');
        resourceVersion = undefined;
        if (gone) continue;
        handlers.failed?.(error);
        await clock.sleep(backoff, signal);
        backoff = Math.min(backoff * 2, MAX_BACKOFF_MS);
      }
    }
  }
  void run();
  return { items, synced, stop: () => stopping.abort() };
}

function keyOf(object: Meta): string {
  const { namespace = '', name = '' } = object.metadata;
  return namespace === '' ? name : `${namespace}/${name}`;
}
