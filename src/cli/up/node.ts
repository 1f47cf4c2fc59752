/** The kubelet over its runtime, as `up` starts it. */
import type { Pki } from '../../auth/pki.ts';
import type { Host } from '../../util/host.ts';
import { startKubeletHalf, type KubeletHalf } from '../kubelet-half.ts';
import { chooseRuntime, type ChosenRuntime } from '../runtime.ts';
import { explainListenError } from '../user-error.ts';
import { writeMachineRecord, type MachineRecord } from './machine-record.ts';
import { podsOf, removeContainers } from './remove-containers.ts';
import type { UpSettings } from './settings.ts';

export interface UpNode {
  readonly chosen: ChosenRuntime;
  readonly kubelet: KubeletHalf;
  /** Ends the kubelet, then the containers where that was asked for: a running kubelet would start them again. */
  close(): Promise<void>;
}

/** `record` is what `down` is to know of this machine. */
export async function startNode(settings: UpSettings, record: MachineRecord, pki: Pki, server: string, host: Host): Promise<UpNode> {
  const { dir, log, nodeIPs, nodeName, podCIDR } = settings;
  const places = { runtime: dir.runtime, images: dir.images, podCIDR, hidden: [dir.root], ...settings.processRuntime };
  const chosen = await chooseRuntime(settings.runtime, places, host, log);
  if (chosen.endpoint !== undefined) await writeMachineRecord(dir, { ...record, runtimeEndpoint: chosen.endpoint }, host);
  let kubelet: KubeletHalf;
  try {
    kubelet = await startKubeletHalf({
      ...settings,
      rootDir: dir.kubelet,
      podLogsDir: dir.podLogs,
      containerLogsDir: dir.containerLogs,
      connection: { server, ca: pki.ca.cert, cert: pki.kubeletClient.cert, key: pki.kubeletClient.key },
      certDir: dir.pki,
      names: () => ({ dnsNames: [nodeName], ipAddresses: nodeIPs }),
      runtime: chosen.runtime,
      host,
    });
  } catch (error) {
    await chosen.runtime.close();
    throw explainListenError(error) ?? error;
  }
  return {
    chosen,
    kubelet,
    close: async () => {
      await kubelet.close();
      if (settings.removeContainers)
        await removeContainers(chosen.runtime, chosen.endpoint === undefined ? () => true : await podsOf(dir.kubelet, host), log);
      await chosen.runtime.close();
    },
  };
}
