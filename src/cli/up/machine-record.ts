/** What `up` made on this machine outside its data directory, written down so that `down` can take it away. */
import { join } from 'node:path';
import type { Host } from '../../util/host.ts';
import type { DataDir } from './data-dir.ts';

export interface MachineRecord {
  readonly podCIDR: string;
  readonly bridge: string;
  readonly serviceAddresses: readonly string[];
  /** The cgroup below which pods are; empty for the root. */
  readonly cgroupRoot?: string;
  /** Which CNI plugins may have made the pods' network. */
  readonly cni?: { readonly confDir: string; readonly binDirs: readonly string[] };
  /** Where the container runtime is that runs the pods; absent for the embedded one. */
  readonly runtimeEndpoint?: string;
}

const pathIn = (dir: DataDir): string => join(dir.root, 'machine.json');

export async function writeMachineRecord(dir: DataDir, record: MachineRecord, { files }: Host): Promise<void> {
  const path = pathIn(dir);
  await files.writeFile(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`);
  await files.rename(`${path}.new`, path);
}

/** Undefined when `up` never came that far. */
export async function readMachineRecord(dir: DataDir, { files }: Host): Promise<MachineRecord | undefined> {
  try {
    return JSON.parse(await files.readFile(pathIn(dir), 'utf8')) as MachineRecord;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
