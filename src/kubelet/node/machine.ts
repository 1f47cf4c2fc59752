/** What this machine is and has, read from /proc and the file system. */
import { arch, hostname as osHostname, release, totalmem } from 'node:os';
import { availableParallelism } from 'node:os';
import type { Files } from '../../util/host.ts';
import { memoryField } from '../../util/meminfo.ts';

export interface Machine {
  readonly machineID: string;
  readonly systemUUID: string;
  readonly bootID: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  /** In Go's words: `amd64`, `arm64`. */
  readonly architecture: string;
  readonly operatingSystem: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Size of the file system that holds the kubelet's directory. */
  readonly storageBytes: number;
  /** Bytes in huge pages, by page size as Kubernetes names it (`2Mi`). */
  readonly hugepages: Readonly<Record<string, number>>;
}

const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  arm64: 'arm64',
  arm: 'arm',
  ppc64: 'ppc64le',
  s390x: 's390x',
  riscv64: 'riscv64',
};

/** Reads everything anew; what is not there is empty or 0. */
export async function readMachine(files: Files, rootDir: string): Promise<Machine> {
  const text = async (path: string): Promise<string> => (await files.readFile(path, 'utf8').catch(() => '')).trim();
  const [machineID, uuid, bootID, release_, meminfo, hugepages, storage] = await Promise.all([
    text('/etc/machine-id'),
    text('/sys/class/dmi/id/product_uuid'),
    text('/proc/sys/kernel/random/boot_id'),
    text('/etc/os-release'),
    text('/proc/meminfo'),
    readHugepages(files),
    files.statfs(rootDir).catch(() => undefined),
  ]);
  const pretty = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(release_)?.[1];
  return {
    machineID,
    systemUUID: uuid === '' ? machineID : uuid,
    bootID,
    kernelVersion: release(),
    osImage: pretty ?? process.platform,
    architecture: ARCHITECTURES[arch()] ?? arch(),
    operatingSystem: process.platform === 'win32' ? 'windows' : process.platform,
    cpus: availableParallelism(),
    memoryBytes: memoryField(meminfo, 'MemTotal') ?? totalmem(),
    storageBytes: storage ? storage.blocks * storage.bsize : 0,
    hugepages,
  };
}

/** `2Mi` and `1Gi` stand there in any case, as the original shows them. */
async function readHugepages(files: Files): Promise<Record<string, number>> {
  const directory = '/sys/kernel/mm/hugepages';
  const sizes: Record<string, number> = {};
  for (const name of await files.readdir(directory).catch(() => [])) {
    const kib = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0);
    if (kib === 0) continue;
    const count = Number(await files.readFile(`${directory}/${name}/nr_hugepages`, 'utf8').catch(() => '0'));
    const label = kib % (1 << 20) === 0 ? `${kib >> 20}Gi` : `${kib >> 10}Mi`;
    sizes[label] = count * kib * 1024;
  }
  return sizes;
}

/** The node's name when none is given: the host's, in lower case. */
export const defaultNodeName = (): string => osHostname().trim().toLowerCase();
