/** What both controllers of endpoints share: a Service is looked at again when it, or a pod that it selects, changes. */
import { resources } from '../../api/resources.ts';
import { hasReason } from '../../api/status.ts';
import type { Pod, Service, Stored } from '../../api/types.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { isOvertaken } from '../overtaken.ts';
import { startWorkQueue } from '../queue.ts';
import { selects } from './members.ts';

export interface WatchServicesOptions {
  /** Resolves when what else the controller looks at is there. */
  readonly synced: Promise<unknown>;
  /** The Service as it is now, or undefined when it is gone. */
  readonly sync: (key: string, service: Stored<Service> | undefined, pods: Iterable<Stored<Pod>>) => Promise<void>;
  readonly what: string;
}

export interface ServiceWatcher extends Controller {
  add(key: string): void;
}

export function watchServices({ client, reader = client, clock, log }: ControllerContext, options: WatchServicesOptions): ServiceWatcher {
  const queue = startWorkQueue({
    clock,
    handle: async (key) => {
      await Promise.all([services.synced, pods.synced, options.synced]);
      await options.sync(key, services.items.get(key), pods.items.values());
    },
    failed: (key, error) => {
      // Somebody else was faster, and the watch is about to tell: the next try sees it.
      if (hasReason(error, 'Conflict') || isOvertaken(error)) return;
      log.warn(`Could not keep the ${options.what} of a Service`, { service: key, error });
    },
  });
  const ask = (service: Stored<Service>): void => queue.add(keyOf(service));
  const services = reader.inform(resources.services, {}, { added: ask, modified: ask, deleted: ask });
  /** Services that select the pod, as it is or as it was. */
  const askFor = (...versions: Stored<Pod>[]): void => {
    for (const service of services.items.values()) if (versions.some((pod) => selects(service, pod))) ask(service);
  };
  const pods = reader.inform(
    resources.pods,
    {},
    {
      added: (pod) => askFor(pod),
      modified: (pod, before) => matters(pod, before) && askFor(pod, before),
      deleted: (pod) => askFor(pod),
    },
  );
  return {
    ready: Promise.all([services.synced, pods.synced, options.synced]).then(() => undefined),
    add: (key) => queue.add(key),
    stop: () => {
      queue.stop();
      services.stop();
      pods.stop();
    },
  };
}

export function keyOf({ metadata }: { readonly metadata: { readonly namespace?: string; readonly name: string } }): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

/** Heartbeats of probes and restarts of containers change no endpoint. */
function matters(pod: Stored<Pod>, before: Stored<Pod>): boolean {
  const seen = ({ metadata, spec, status }: Stored<Pod>): string =>
    JSON.stringify([
      metadata.labels,
      metadata.deletionTimestamp,
      spec.nodeName,
      status.phase,
      status.podIPs,
      status.podIP,
      status.conditions?.find(({ type }) => type === 'Ready')?.status,
    ]);
  return seen(pod) !== seen(before);
}
