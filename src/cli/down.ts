/** `nodelet down`: takes away what `up` left on this machine. */
import { helpText, parseFlags, type FlagTable } from '../util/flags.ts';
import { systemHost } from '../util/host.ts';
import { createLogger } from '../util/log.ts';
import { chooseRuntime } from './runtime.ts';
import { removeCgroups } from './up/cgroups.ts';
import { dataDirAt, defaultDataDir, openDataDir } from './up/data-dir.ts';
import { readMachineRecord } from './up/machine-record.ts';
import { podsOf, removeContainers } from './up/remove-containers.ts';
import { removeNetwork } from './up/remove-network.ts';
import { unmountBelow } from './up/unmount.ts';
import { UserError } from './user-error.ts';

const FLAGS = [
  { name: 'data-dir', type: 'string', default: defaultDataDir(), placeholder: 'DIR', help: 'The data directory of `nodelet up`.' },
  { name: 'purge', type: 'bool', default: false, help: 'Delete the data directory too: objects, keys, images, logs.' },
] as const satisfies FlagTable;

/** How long the container runtime may take over one pod. */
const RUNTIME_MS = 60_000;

export const help = (): string => `Stops and removes the containers that \`nodelet up\` left running, and its network interfaces.
Objects stay: the next \`nodelet up\` starts the pods anew. nodelet itself must not be running.

Usage: nodelet down [flags]

Flags:
${helpText(FLAGS)}`;

export async function run(argv: readonly string[]): Promise<number> {
  const { values } = parseFlags(FLAGS, argv);
  const host = systemHost;
  const log = createLogger();
  const dir = dataDirAt(values['data-dir']);
  if ((await host.files.stat(dir.root).catch(() => undefined)) === undefined) throw new UserError(`there is no data directory ${dir.root}`);
  await openDataDir(dir, host);
  const machine = await readMachineRecord(dir, host);
  if (machine !== undefined) {
    const endpoint = machine.runtimeEndpoint ?? '';
    const { runtime } = await chooseRuntime(
      { name: endpoint === '' ? 'process' : 'cri', endpoint, imageEndpoint: '', named: true, requestTimeoutMs: RUNTIME_MS },
      { runtime: dir.runtime, images: dir.images, podCIDR: machine.podCIDR, hidden: [], ...(machine.cni && { cni: machine.cni }) },
      host,
      log,
    );
    const removed = await removeContainers(runtime, endpoint === '' ? () => true : await podsOf(dir.kubelet, host), log);
    await runtime.close();
    await removeNetwork(machine, host);
    await removeCgroups(machine.cgroupRoot ?? '', host);
    process.stdout.write(`Removed ${removed} ${removed === 1 ? 'pod' : 'pods'} and their network.\n`);
  }
  await unmountBelow(dir.root, host);
  if (values.purge) {
    await host.files.rm(dir.root, { recursive: true, force: true });
    process.stdout.write(`Deleted ${dir.root}.\n`);
  }
  return 0;
}
