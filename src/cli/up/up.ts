/** `nodelet up`: both halves on this machine, in one process, joined by HTTPS. Read this as a table of contents. */
import type { Pki } from '../../auth/pki.ts';
import { helpText } from '../../util/flags.ts';
import { systemHost, type Host } from '../../util/host.ts';
import { writeKubeconfig } from '../kubeconfig.ts';
import { bridgeName } from '../runtime.ts';
import { boundHeapGrowth } from '../small-heap.ts';
import { stopSignal } from '../stop-signal.ts';
import { announcement, type Announcement } from './announce.ts';
import { startApi, withSigningKey } from './api.ts';
import { makeCertificates, servingTls, startRenewal } from './certificates.ts';
import { startControllers } from './controllers.ts';
import { openDataDir } from './data-dir.ts';
import { startDns } from './dns.ts';
import { UP_APISERVER_FLAGS, UP_FLAGS, UP_KUBELET_FLAGS } from './flags.ts';
import { writeMachineRecord } from './machine-record.ts';
import { ensureServiceInterface, isLinuxRoot } from './machine.ts';
import { startNode, type UpNode } from './node.ts';
import { removeNetwork } from './remove-network.ts';
import { LOCALHOST, readSettings, type UpSettings } from './settings.ts';
import { unmountBelow } from './unmount.ts';

export const help = (): string => `Starts an API server and a kubelet on this machine and runs until it is told to stop.
Containers go on running when it stops (unless --rm); the next start finds them again.

Usage: nodelet up [flags]

Flags of up:
${helpText(UP_FLAGS)}
Flags of the kubelet:
${helpText(UP_KUBELET_FLAGS)}
Flags of the API server:
${helpText(UP_APISERVER_FLAGS)}`;

const CLOSE_GRACE_MS = 2_000;

export async function run(argv: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const host = systemHost;
  process.title = 'nodelet kubelet apiserver';
  boundHeapGrowth();

  // What is wanted, and where it is on this machine.
  const settings = await readSettings(argv, host);
  const { dir, log, podCIDR } = settings;
  await openDataDir(dir, host);
  const stop = stopSignal();
  const serviceAddresses = [settings.serviceIP, settings.dnsIP];
  const { cni } = settings.processRuntime;
  const record = { podCIDR, bridge: bridgeName(podCIDR), serviceAddresses, cgroupRoot: settings.cgroupRoot, ...(cni && { cni }) };
  await writeMachineRecord(dir, record, host);
  const hasInterface = isLinuxRoot() && (await ensureServiceInterface(serviceAddresses, host, log));
  const pki = await withSigningKey(await makeCertificates(settings, host), settings, host);

  // The API server, and how to reach it.
  const apiServer = await startApi(settings, pki, hasInterface, host);
  const server = `https://${settings.apiAddress === '0.0.0.0' ? LOCALHOST : settings.apiAddress}:${apiServer.addresses[0]?.port ?? 0}`;
  const resumed = (await host.files.stat(dir.kubeconfig).catch(() => undefined)) !== undefined;
  const { admin } = pki;
  await writeKubeconfig(dir.kubeconfig, { server, ca: pki.ca.cert, cert: admin.cert, key: admin.key, user: 'kubernetes-admin' }, host);
  await apiServer.ready;

  // The controllers, each with its own identity, the cluster's DNS, and the node.
  const controllers = startControllers(server, pki, host, log);
  const dns = await startDns(settings, pki, server, hasInterface, host);
  let node: UpNode | undefined;
  try {
    if (settings.withoutKubelet) await writeKubeletKubeconfig(settings, pki, server, host);
    else node = await startNode(dns.settings, record, pki, server, host);
  } catch (error) {
    controllers.stop();
    await dns.close();
    await apiServer.close(CLOSE_GRACE_MS);
    throw error;
  }
  const renewal = startRenewal(settings, host, (renewed) => apiServer.reload(servingTls(renewed)));

  const lines = announcement(
    {
      nodeName: settings.nodeName,
      apiServer: apiServer.addresses.map((address) => `https://${address.host}:${address.port}`),
      ...(await aboutNode(node, settings)),
      dataDir: dir.root,
      kubeconfig: dir.kubeconfig,
      tookMs: performance.now() - startedAt,
      resumed,
      containers: settings.removeContainers ? 'removed' : 'kept',
    },
    process.stdout.isTTY ? (text) => `\u001b[1m${text}\u001b[0m` : undefined,
  );
  process.stdout.write(lines);

  const signal = await stop;
  log.info('Stopping', { signal, containers: settings.removeContainers ? 'removed' : 'left running' });
  renewal.stop();
  controllers.stop();
  await node?.close();
  await dns.close();
  await apiServer.close(CLOSE_GRACE_MS);
  if (settings.removeContainers) {
    await removeNetwork(record, host);
    await unmountBelow(dir.root, host);
  }
  return 0;
}

async function writeKubeletKubeconfig({ dir, nodeName }: UpSettings, pki: Pki, server: string, host: Host): Promise<void> {
  const { cert, key } = pki.kubeletClient;
  await writeKubeconfig(dir.kubeletKubeconfig, { server, ca: pki.ca.cert, cert, key, user: `system:node:${nodeName}` }, host);
}

/** What the announcement says of the kubelet and its runtime. */
async function aboutNode(
  node: UpNode | undefined,
  { dir, nodeIPs }: UpSettings,
): Promise<Pick<Announcement, 'kubelet' | 'runtime' | 'notices'>> {
  if (node === undefined) return { kubelet: `none; one that joins takes ${dir.kubeletKubeconfig}`, notices: [] };
  const { chosen, kubelet } = node;
  const { secure } = kubelet.addresses;
  return {
    kubelet: secure === undefined ? 'off' : `https://${nodeIPs[0] ?? LOCALHOST}:${secure.port}`,
    runtime: { name: chosen.name, why: chosen.why },
    // A runtime that is away at this moment says so in the node's conditions.
    notices: await chosen.runtime.status().then(
      ({ notices }) => notices,
      () => [],
    ),
  };
}
