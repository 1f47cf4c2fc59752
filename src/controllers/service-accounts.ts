/** Keeps a ServiceAccount `default` in every active namespace (controller-manager `serviceaccounts_controller.go`). */
import { resources } from '../api/resources.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { isOvertaken } from './overtaken.ts';
import { startWorkQueue } from './queue.ts';

const NAME = 'default';

export function startServiceAccountController({ client, reader = client, clock, log }: ControllerContext): Controller {
  const queue = startWorkQueue({
    clock,
    handle: ensure,
    failed: (key, error) => log.warn('Could not keep the default service account', { namespace: key, error }),
  });
  const namespaces = reader.inform(
    resources.namespaces,
    {},
    { added: (ns) => queue.add(ns.metadata.name), modified: (ns) => queue.add(ns.metadata.name) },
  );
  const accounts = reader.inform(
    resources.serviceaccounts,
    { fieldSelector: `metadata.name=${NAME}` },
    { deleted: (sa) => queue.add(sa.metadata.namespace ?? '') },
  );

  async function ensure(namespace: string): Promise<void> {
    await Promise.all([namespaces.synced, accounts.synced]);
    if (namespaces.items.get(namespace)?.status.phase !== 'Active' || accounts.items.has(`${namespace}/${NAME}`)) return;
    try {
      await client.create(resources.serviceaccounts, { metadata: { name: NAME, namespace } });
    } catch (error) {
      // The namespace may have begun to end, or another controller was faster.
      if (!isOvertaken(error)) throw error;
    }
  }

  return {
    ready: Promise.all([namespaces.synced, accounts.synced]).then(() => undefined),
    stop: () => {
      queue.stop();
      namespaces.stop();
      accounts.stop();
    },
  };
}
