/** Keeps ConfigMap `kube-root-ca.crt` in every active namespace (controller-manager `certificates/rootcacertpublisher`). */
import { resources } from '../api/resources.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { isOvertaken } from './overtaken.ts';
import { startWorkQueue } from './queue.ts';

const NAME = 'kube-root-ca.crt';
const DESCRIPTION =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

export function startRootCaController({ client, reader = client, clock, log }: ControllerContext, caPem: string): Controller {
  const queue = startWorkQueue({
    clock,
    handle: ensure,
    failed: (key, error) => log.warn('Could not publish the root certificate', { namespace: key, error }),
  });
  const namespaces = reader.inform(
    resources.namespaces,
    {},
    { added: (ns) => queue.add(ns.metadata.name), modified: (ns) => queue.add(ns.metadata.name) },
  );
  const maps = reader.inform(
    resources.configmaps,
    { fieldSelector: `metadata.name=${NAME}` },
    { modified: (map) => queue.add(map.metadata.namespace ?? ''), deleted: (map) => queue.add(map.metadata.namespace ?? '') },
  );

  async function ensure(namespace: string): Promise<void> {
    await Promise.all([namespaces.synced, maps.synced]);
    if (namespaces.items.get(namespace)?.status.phase !== 'Active') return;
    const present = maps.items.get(`${namespace}/${NAME}`);
    try {
      if (present === undefined) {
        await client.create(resources.configmaps, {
          metadata: { name: NAME, namespace, annotations: { 'kubernetes.io/description': DESCRIPTION } },
          data: { 'ca.crt': caPem },
        });
      } else if (present.data?.['ca.crt'] !== caPem) {
        await client.update(resources.configmaps, { ...present, data: { ...present.data, 'ca.crt': caPem } });
      }
    } catch (error) {
      if (!isOvertaken(error)) throw error;
    }
  }

  return {
    ready: Promise.all([namespaces.synced, maps.synced]).then(() => undefined),
    stop: () => {
      queue.stop();
      namespaces.stop();
      maps.stop();
    },
  };
}
