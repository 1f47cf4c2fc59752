/** One list and watch of a collection for all controllers that look at it (client-go `informers/factory.go`). */
import type { ResourceDefinition, StoredOf } from '../api/resources.ts';
import type { Informer, InformerHandlers, KubeClient } from '../client/kube-client.ts';

/** Nothing of one controller may stop another from hearing of a change. */
type Listeners = Set<InformerHandlers<never>>;

interface Shared {
  readonly informer: Informer<unknown>;
  readonly listeners: Listeners;
}

/**
 * The client, with its informers shared: those that ask for the same resource and selection get one copy. A listener that
 * comes late is told of all that is there; the copy ends when the last listener stops.
 */
export function shareInformers(client: KubeClient): KubeClient {
  const shared = new Map<string, Shared>();

  function open(resource: ResourceDefinition, options: Parameters<KubeClient['inform']>[1]): Shared {
    const listeners: Listeners = new Set();
    const tell = (name: keyof InformerHandlers<never>, ...args: unknown[]): void => {
      for (const listener of listeners) (listener[name] as ((...given: unknown[]) => void) | undefined)?.(...args);
    };
    const informer = client.inform(resource, options, {
      added: (object) => tell('added', object),
      modified: (object, before) => tell('modified', object, before),
      deleted: (object) => tell('deleted', object),
      failed: (error) => tell('failed', error),
    });
    return { informer, listeners };
  }

  return {
    ...client,
    inform: <R extends ResourceDefinition>(
      resource: R,
      options: Parameters<KubeClient['inform']>[1],
      handlers: InformerHandlers<StoredOf<R>>,
    ): Informer<StoredOf<R>> => {
      const key = JSON.stringify([
        resource.group,
        resource.resource,
        options.namespace ?? '',
        options.labelSelector ?? '',
        options.fieldSelector ?? '',
      ]);
      const entry = shared.get(key) ?? open(resource, options);
      shared.set(key, entry);
      const informer = entry.informer as Informer<StoredOf<R>>;
      entry.listeners.add(handlers);
      for (const object of informer.items.values()) handlers.added?.(object);
      return {
        items: informer.items,
        synced: informer.synced,
        stop: () => {
          entry.listeners.delete(handlers);
          if (entry.listeners.size > 0 || shared.get(key) !== entry) return;
          shared.delete(key);
          informer.stop();
        },
      };
    },
  };
}
