/** ConfigMaps and Secrets that pods refer to, read when needed and kept for a short time. */
import { hasReason } from '../../api/status.ts';
import { resources } from '../../api/resources.ts';
import type { ConfigMap, Secret, Stored } from '../../api/types.ts';
import type { InformerHandlers, KubeClient } from '../../client/kube-client.ts';
import { MissingReference, type ObjectReader } from '../spec/env.ts';

export interface ObjectCache {
  /** A reader of objects that were read at `notBefore` or later. */
  reader(notBefore: number): ObjectReader;
  /** Calls `changed` whenever one of a pod's objects does; replaces what was followed for the pod before. */
  follow(uid: string, objects: readonly ObjectName[], changed: () => void): void;
  unfollow(uid: string): void;
  close(): void;
}

/** An object that a pod's volumes show. */
export interface ObjectName {
  readonly kind: 'configMap' | 'secret';
  readonly namespace: string;
  readonly name: string;
}

type Known = Stored<Secret> | Stored<ConfigMap>;
const versionOf = (object: unknown): string | undefined => (object as Known | undefined)?.metadata.resourceVersion;

/** One watch of one object, for all pods that show it. */
interface Follower {
  readonly changed: Map<string, () => void>;
  /** As it is now; undefined while it is not known, or not there. */
  readonly object: () => Known | undefined;
  readonly stop: () => void;
}

interface Entry {
  readonly readAt: number;
  readonly object: Promise<unknown>;
}

/** Objects that are kept; the one read longest ago goes first. */
const MAX_ENTRIES = 4096;

export function createObjectCache(client: KubeClient | undefined, now: () => number): ObjectCache {
  const entries = new Map<string, Entry>();
  const followers = new Map<string, Follower>();

  function startFollowing(api: KubeClient, { kind, namespace, name }: ObjectName, key: string): Follower {
    const changed = new Map<string, () => void>();
    let object: Known | undefined;
    const tell = (): void => {
      // What was read before is old news.
      entries.delete(key);
      for (const listener of changed.values()) listener();
    };
    const handlers: InformerHandlers<Known> = {
      added(found) {
        object = found;
        // The first answer is mostly what the pods were started with.
        void (entries.get(key)?.object ?? Promise.resolve(undefined)).then(
          (read) => (versionOf(read) === found.metadata.resourceVersion ? undefined : tell()),
          tell,
        );
      },
      modified(found) {
        object = found;
        tell();
      },
      deleted() {
        object = undefined;
        tell();
      },
    };
    const options = { namespace, fieldSelector: `metadata.name=${name}` };
    const informer =
      kind === 'secret' ? api.inform(resources.secrets, options, handlers) : api.inform(resources.configmaps, options, handlers);
    return { changed, object: () => object, stop: () => informer.stop() };
  }

  function unfollow(uid: string, except: ReadonlySet<string> = new Set()): void {
    for (const [key, follower] of followers) {
      if (except.has(key) || !follower.changed.delete(uid) || follower.changed.size > 0) continue;
      follower.stop();
      followers.delete(key);
    }
  }

  function read<T>(
    kind: 'configMap' | 'secret',
    namespace: string,
    name: string,
    notBefore: number,
    get: (client: KubeClient) => Promise<T>,
  ): Promise<T> {
    if (client === undefined) return Promise.reject(new Error(`couldn't get ${kind} ${namespace}/${name}, no kubeClient defined`));
    const key = `${kind}/${namespace}/${name}`;
    // Who is told of every change need not ask.
    const watched = followers.get(key)?.object();
    if (watched !== undefined) return Promise.resolve(watched as T);
    const known = entries.get(key);
    if (known && known.readAt >= notBefore) return known.object as Promise<T>;
    const object = get(client).catch((error: unknown) => {
      entries.delete(key);
      throw hasReason(error, 'NotFound') ? new MissingReference(`${kind.toLowerCase()} "${name}" not found`) : error;
    });
    entries.delete(key);
    entries.set(key, { readAt: now(), object });
    if (entries.size > MAX_ENTRIES) {
      const [oldest] = entries.keys();
      if (oldest !== undefined) entries.delete(oldest);
    }
    return object;
  }

  return {
    follow(uid, objects, changed) {
      if (client === undefined) return;
      const wanted = new Map(objects.map((o) => [`${o.kind}/${o.namespace}/${o.name}`, o]));
      unfollow(uid, new Set(wanted.keys()));
      for (const [key, object] of wanted) {
        const follower = followers.get(key) ?? startFollowing(client, object, key);
        followers.set(key, follower);
        follower.changed.set(uid, changed);
      }
    },
    unfollow: (uid) => unfollow(uid),
    close() {
      for (const follower of followers.values()) follower.stop();
      followers.clear();
    },
    reader: (notBefore) => ({
      configMap: (namespace, name): Promise<ConfigMap> =>
        read('configMap', namespace, name, notBefore, (c) => c.get(resources.configmaps, name, { namespace })),
      secret: (namespace, name): Promise<Secret> =>
        read('secret', namespace, name, notBefore, (c) => c.get(resources.secrets, name, { namespace })),
    }),
  };
}
