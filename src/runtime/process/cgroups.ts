import { dirname } from 'node:path';
import type { Clock } from '../../util/clock.ts';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import type { LinuxResources } from '../runtime.ts';
import { cgroupDirectories, type CgroupLayout } from './cgroup-layout.ts';
import { limitWrites, type CgroupWrite } from './cgroup-limits.ts';
import {
  childNames,
  hasCode,
  kernelFileExists,
  makeKernelDirectory,
  readKernelFile,
  removeKernelDirectory,
  writeKernelFile,
} from './kernel-files.ts';

/** Control groups of this machine, by path below their mounts (`/nodelet/kubepods/podX/<id>`). */
export interface Cgroups {
  readonly layout: CgroupLayout;
  /** Makes a cgroup with its parents; the paths that did not exist before, deepest first. */
  create(path: string): Promise<string[]>;
  /** Sets limits. A file that this kernel lacks is skipped; a value that it refuses rejects, when all others are written. */
  limit(path: string, resources: LinuxResources): Promise<void>;
  /** Lets the members use only a container's devices, with rules for `more` (v1 alone: v2 needs a BPF program). */
  restrictDevices(path: string, more: readonly string[]): Promise<void>;
  /** Files into which a process writes 0 to join. */
  joinFiles(path: string): Promise<string[]>;
  /** Kills every member; resolves when there is none left, or after a named limit of rounds. */
  killAll(path: string): Promise<void>;
  /** Nothing is in it, and no cgroup below it. */
  isEmpty(path: string): Promise<boolean>;
  /** Names of the cgroups right below it, in any tree. */
  children(path: string): string[];
  /** Removes a cgroup that has no members; false when the kernel refuses. */
  remove(path: string): Promise<boolean>;
  /** Processes of it that the kernel has killed for want of memory. */
  oomKills(path: string): Promise<number>;
}

/** Rounds of 10 ms that a killed or emptied cgroup gets before it is left alone. */
const ROUNDS = 200;

const DEVICE_RULES = [
  'c *:* m',
  'b *:* m',
  'c 1:3 rwm',
  'c 1:5 rwm',
  'c 1:7 rwm',
  'c 1:8 rwm',
  'c 1:9 rwm',
  'c 5:0 rwm',
  'c 5:2 rwm',
  'c 136:* rwm',
];

/** Control groups through the files of `layout`. */
export function openCgroups(host: Host, layout: CgroupLayout, log: Logger): Cgroups {
  const { clock } = host;

  function members(path: string): number[] {
    const found = new Set<number>();
    for (const dir of cgroupDirectories(layout, path))
      for (const line of readKernelFile(`${dir}/cgroup.procs`).split('\n')) if (line) found.add(Number(line));
    return [...found];
  }

  function makeDirectory(dir: string, root: string): void {
    if (dir === root) return;
    const parent = dirname(dir);
    try {
      if (!makeKernelDirectory(dir)) return;
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
      makeDirectory(parent, root);
      makeKernelDirectory(dir);
    }
    prepareDirectory(dir, root);
  }

  function prepareDirectory(dir: string, root: string): void {
    const cpuset = layout.controllers.get('cpuset');
    if (!cpuset || !dir.startsWith(`${cpuset}/`)) return;
    for (const file of ['cpuset.cpus', 'cpuset.mems']) inheritCpuset(dir, root, file);
  }

  /** A new cpuset has no CPUs and takes no member until it is given its parent's, which may be as empty if others made it. */
  function inheritCpuset(dir: string, root: string, file: string): string {
    const own = readKernelFile(`${dir}/${file}`).trim();
    if (own !== '' || dir === root) return own;
    const inherited = inheritCpuset(dirname(dir), root, file);
    writeKernelFile(`${dir}/${file}`, inherited);
    return inherited;
  }

  /** v2 gives a controller to the children of a cgroup only when its `subtree_control` says so. */
  function delegate(path: string): void {
    if (layout.version !== 2 || !layout.unified) return;
    const parts = path.split('/').filter(Boolean).slice(0, -1);
    const available = readKernelFile(`${layout.unified}/cgroup.controllers`).trim().split(' ').filter(Boolean);
    for (let depth = 0; depth <= parts.length; depth += 1) {
      const dir = [layout.unified, ...parts.slice(0, depth)].join('/');
      const enabled = new Set(readKernelFile(`${dir}/cgroup.subtree_control`).trim().split(' '));
      for (const controller of available) {
        if (enabled.has(controller)) continue;
        try {
          writeKernelFile(`${dir}/cgroup.subtree_control`, `+${controller}`);
        } catch (error) {
          log.v(2, 'A cgroup controller could not be passed on', { dir, controller, error: errorText(error) });
        }
      }
    }
  }

  return {
    layout,

    async create(path) {
      const parts = path.split('/').filter(Boolean);
      const prefixes = parts.map((_, index) => `/${parts.slice(0, parts.length - index).join('/')}`);
      const first = cgroupDirectories(layout, '')[0] ?? '';
      const before = prefixes.map((prefix) => kernelFileExists(`${first}${prefix}`));
      for (const root of cgroupDirectories(layout, '')) makeDirectory(`${root}${path}`, root);
      if (before.includes(false)) delegate(path);
      return prefixes.filter((_, index) => before[index] === false);
    },

    async limit(path, resources) {
      const fileOf = ({ controller, file }: Pick<CgroupWrite, 'controller' | 'file'>): string | undefined => {
        const root = layout.version === 1 ? layout.controllers.get(controller) : layout.unified;
        return root ? `${root}${path}/${file}` : undefined;
      };
      const now = (controller: string, name: string): string => {
        const file = fileOf({ controller, file: name });
        return file === undefined ? '' : readKernelFile(file).trim();
      };
      const refused: Error[] = [];
      for (const write of limitWrites(layout.version, resources, now)) {
        const file = fileOf(write);
        if (file === undefined) continue;
        try {
          writeKernelFile(file, write.value);
        } catch (error) {
          if (!hasCode(error, 'ENOENT') && !hasCode(error, 'EACCES'))
            refused.push(new Error(`failed to write ${write.value} to ${file}: ${errorText(error)}`, { cause: error }));
        }
      }
      const [first] = refused;
      if (first) throw first;
    },

    async restrictDevices(path, more) {
      const root = layout.controllers.get('devices');
      if (!root) return;
      writeKernelFile(`${root}${path}/devices.deny`, 'a');
      for (const rule of [...DEVICE_RULES, ...more]) writeKernelFile(`${root}${path}/devices.allow`, rule);
    },

    async joinFiles(path) {
      return cgroupDirectories(layout, path)
        .map((dir) => `${dir}/cgroup.procs`)
        .filter((file) => kernelFileExists(file));
    },

    async killAll(path) {
      if (layout.version === 2) killAtOnce(`${layout.unified ?? ''}${path}/cgroup.kill`);
      for (let round = 0; round < ROUNDS; round += 1) {
        const pids = members(path);
        if (pids.length === 0) return;
        for (const pid of pids) host.processes.kill(pid, 'SIGKILL');
        await clock.sleep(10);
      }
      log.warn('Processes of a container survive SIGKILL', { cgroup: path, pids: members(path) });
    },

    isEmpty: async (path) =>
      cgroupDirectories(layout, path).every((dir) => readKernelFile(`${dir}/cgroup.procs`) === '' && childNames(dir).length === 0),

    children: (path) => [...new Set(cgroupDirectories(layout, path).flatMap(childNames))],

    async remove(path) {
      const removed = await Promise.all(cgroupDirectories(layout, path).map((dir) => removeDirectory(clock, dir)));
      return removed.every(Boolean);
    },

    async oomKills(path) {
      const root = layout.version === 1 ? layout.controllers.get('memory') : layout.unified;
      const file = layout.version === 1 ? 'memory.oom_control' : 'memory.events';
      const match = /^oom_kill (\d+)$/m.exec(readKernelFile(`${root ?? ''}${path}/${file}`));
      return Number(match?.[1] ?? 0);
    },
  };
}

/** Kernels before 5.14 have no such file: the members are killed one by one. */
function killAtOnce(file: string): void {
  try {
    writeKernelFile(file, '1');
  } catch {
    return;
  }
}

async function removeDirectory(clock: Clock, dir: string): Promise<boolean> {
  for (let round = 1; ; round += 1) {
    try {
      removeKernelDirectory(dir);
      return true;
    } catch (error) {
      if (!hasCode(error, 'EBUSY') || round === ROUNDS) return false;
    }
    if (readKernelFile(`${dir}/cgroup.procs`) !== '') return false;
    await clock.sleep(10);
  }
}
