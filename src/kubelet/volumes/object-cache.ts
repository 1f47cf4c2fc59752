/** ConfigMaps and Secrets that pods refer to, read when needed and kept for a short time. */
import { hasReason } from '../../api/status.ts';
import { resources } from '../../api/resources.ts';
import type { ConfigMap, Secret } from '../../api/types.ts';
import type { KubeClient } from '../../client/kube-client.ts';
import { MissingReference, type ObjectReader } from '../spec/env.ts';

export interface ObjectCache {
  /** A reader of objects that were read at `notBefore` or later. */
  reader(notBefore: number): ObjectReader;
}

interface Entry {
  readonly readAt: number;
  readonly object: Promise<unknown>;
}

/** Objects that are kept; the one read longest ago goes first. */
const MAX_ENTRIES = 4096;

export function createObjectCache(client: KubeClient | undefined, now: () => number): ObjectCache {
  const entries = new Map<string, Entry>();

  function read<T>(
    kind: 'configMap' | 'secret',
    namespace: string,
    name: string,
    notBefore: number,
    get: (client: KubeClient) => Promise<T>,
  ): Promise<T> {
    if (client === undefined) return Promise.reject(new Error(`couldn't get ${kind} ${namespace}/${name}, no kubeClient defined`));
    const key = `${kind}/${namespace}/${name}`;
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
    reader: (notBefore) => ({
      configMap: (namespace, name): Promise<ConfigMap> =>
        read('configMap', namespace, name, notBefore, (c) => c.get(resources.configmaps, name, { namespace })),
      secret: (namespace, name): Promise<Secret> =>
        read('secret', namespace, name, notBefore, (c) => c.get(resources.secrets, name, { namespace })),
    }),
  };
}
