/** The controllers of a one-node cluster, each with its own identity, over HTTPS as beside any API server. */
import type { Pki } from '../../auth/pki.ts';
import { legacyTokenSigner } from '../../auth/service-account-token.ts';
import { requestSigner } from '../../auth/x509/x509.ts';
import type { KubeClient } from '../../client/kube-client.ts';
import { createKubeClient } from '../../client/rest-client.ts';
import { startCertificateController } from '../../controllers/certificates/certificates.ts';
import type { Controller } from '../../controllers/controller.ts';
import { startEndpointSliceController } from '../../controllers/endpoints/endpoint-slices.ts';
import { startEndpointsController } from '../../controllers/endpoints/endpoints.ts';
import { startNodeLifecycleController } from '../../controllers/nodes/node-lifecycle.ts';
import { startTaintEvictionController } from '../../controllers/nodes/taint-eviction.ts';
import { startPodGarbageCollector } from '../../controllers/pod-gc.ts';
import { startRootCaController } from '../../controllers/root-ca.ts';
import { startScheduler } from '../../controllers/scheduler/scheduler.ts';
import { startServiceAccountController } from '../../controllers/service-accounts.ts';
import { shareInformers } from '../../controllers/shared-informers.ts';
import { startTokenSecretController } from '../../controllers/token-secrets.ts';
import { startVolumeBinder } from '../../controllers/volumes/binder.ts';
import { startClaimProtection, startVolumeProtection } from '../../controllers/volumes/protection.ts';
import type { Host } from '../../util/host.ts';
import type { Logger } from '../../util/log.ts';

/** Starts them all against `server`; the way to stop them. */
export function startControllers(server: string, pki: Pki, host: Host, log: Logger): { stop(): void } {
  const clients: KubeClient[] = [];
  const identity = (pair: { readonly cert: string; readonly key: string }, name: string): KubeClient => {
    const client = createKubeClient({ server, ca: pki.ca.cert, cert: pair.cert, key: pair.key, userAgent: `nodelet-${name}` });
    clients.push(client);
    return client;
  };
  const manager = identity(pki.controllerManager, 'controller-manager');
  const shared = { clock: host.clock, log: log.scope('controllers'), reader: shareInformers(manager) };
  const as = (pair: { readonly cert: string; readonly key: string }, name: string): typeof shared & { client: KubeClient } => ({
    ...shared,
    client: identity(pair, name),
  });
  const sign = legacyTokenSigner(pki.serviceAccount.key);
  const controllers: Controller[] = [
    startServiceAccountController(as(pki.serviceAccountController, 'service-account-controller')),
    startRootCaController(as(pki.rootCaPublisher, 'root-ca-cert-publisher'), pki.ca.cert),
    startTokenSecretController({ ...shared, client: manager }, { sign, caPem: pki.ca.cert }),
    startEndpointsController(as(pki.endpointController, 'endpoint-controller')),
    startEndpointSliceController(as(pki.endpointSliceController, 'endpointslice-controller')),
    startCertificateController(as(pki.certificateController, 'certificate-controller'), requestSigner(pki.ca)),
    startNodeLifecycleController(as(pki.nodeController, 'node-controller')),
    startTaintEvictionController(as(pki.nodeController, 'taint-eviction-controller')),
    startPodGarbageCollector(as(pki.podGarbageCollector, 'pod-garbage-collector')),
    startVolumeBinder(as(pki.volumeBinder, 'persistent-volume-binder'), host.files),
    startClaimProtection(as(pki.claimProtection, 'pvc-protection-controller')),
    startVolumeProtection(as(pki.volumeProtection, 'pv-protection-controller')),
    startScheduler({ clock: shared.clock, log: shared.log, client: identity(pki.scheduler, 'scheduler') }),
  ];
  return {
    stop: () => {
      for (const controller of controllers) controller.stop();
      for (const client of clients) client.close();
    },
  };
}
