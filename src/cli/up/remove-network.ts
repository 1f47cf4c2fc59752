/** Takes away the networks that `up` made on this machine. */
import { removeCniPorts } from '../../runtime/process/cni/cni-network.ts';
import { removePodNetwork } from '../../runtime/process/network.ts';
import type { Host } from '../../util/host.ts';
import type { MachineRecord } from './machine-record.ts';
import { removeServiceInterface } from './machine.ts';

/** The pods' bridge with its rules, host ports beside CNI plugins, and the interface of the service addresses; what is not there is fine. */
export async function removeNetwork({ bridge, serviceAddresses }: MachineRecord, host: Host): Promise<void> {
  await removePodNetwork(host, bridge);
  await removeCniPorts(host, bridge);
  await removeServiceInterface(serviceAddresses, host);
}
