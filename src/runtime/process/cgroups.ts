import { dirname } from 'node:path';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import type { LinuxResources } from '../runtime.ts';
import { cgroupDirectories, type CgroupLayout } from './cgroup-layout.ts';
import { limitWrites } from './cgroup-limits.ts';

/** Control groups of this machine, by path below their mounts (`/nodelet/kubepods/podX/<id>`). */
export interface Cgroups {
  readonly layout: CgroupLayout;
  /** Makes a cgroup with its parents; the paths that did not exist before, deepest first. */
  create(path: string): Promise<string[]>;
  /** Sets limits. A file that this kernel lacks is skipped; a value that it refuses rejects. */
  limit(path: string, resources: LinuxResources): Promise<void>;
  /** Lets the members use only a container's devices (v1 alone: v2 needs a BPF program). */
  restrictDevices(path: string): Promise<void>;
  /** Files into which a process writes 0 to join. */
  joinFiles(path: string): Promise<string[]>;
  /** Kills every member; resolves when there is none left, or after a named limit of rounds. */
  killAll(path: string): Promise<void>;
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
  const { files, clock } = host;

  async function members(path: string): Promise<number[]> {
    const found = new Set<number>();
    for (const dir of cgroupDirectories(layout, path)) {
      const text = await readText(`${dir}/cgroup.procs`);
      for (const line of text.split('\n')) if (line) found.add(Number(line));
    }
    return [...found];
  }

  async function readText(path: string): Promise<string> {
    try {
      return await files.readFile(path, 'utf8');
    } catch {
      return '';
    }
  }

  async function makeDirectory(dir: string, root: string): Promise<boolean> {
    if (dir === root) return false;
    const parent = dirname(dir);
    try {
      await files.mkdir(dir);
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) {
        if (hasCode(error, 'EEXIST')) return false;
        throw error;
      }
      await makeDirectory(parent, root);
      await files.mkdir(dir).catch((again: unknown) => {
        if (!hasCode(again, 'EEXIST')) throw again;
      });
    }
    await prepareDirectory(dir, parent);
    return true;
  }

  /** A new cpuset has no CPUs and takes no member until it is given its parent's. */
  async function prepareDirectory(dir: string, parent: string): Promise<void> {
    const cpuset = layout.controllers.get('cpuset');
    if (!cpuset || !dir.startsWith(`${cpuset}/`)) return;
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if ((await readText(`${dir}/${file}`)).trim() === '') await files.writeFile(`${dir}/${file}`, await readText(`${parent}/${file}`));
    }
  }

  /** v2 gives a controller to the children of a cgroup only when its `subtree_control` says so. */
  async function delegate(path: string): Promise<void> {
    if (layout.version !== 2 || !layout.unified) return;
    const parts = path.split('/').filter(Boolean).slice(0, -1);
    const available = (await readText(`${layout.unified}/cgroup.controllers`)).trim().split(' ').filter(Boolean);
    for (let depth = 0; depth <= parts.length; depth += 1) {
      const dir = [layout.unified, ...parts.slice(0, depth)].join('/');
      const enabled = new Set((await readText(`${dir}/cgroup.subtree_control`)).trim().split(' '));
      for (const controller of available) {
        if (enabled.has(controller)) continue;
        await files.writeFile(`${dir}/cgroup.subtree_control`, `+${controller}`).catch((error: unknown) => {
          log.v(2, 'A cgroup controller could not be passed on', { dir, controller, error: errorText(error) });
        });
      }
    }
  }

  return {
    layout,

    async create(path) {
      const parts = path.split('/').filter(Boolean);
      const prefixes = parts.map((_, index) => `/${parts.slice(0, parts.length - index).join('/')}`);
      const first = cgroupDirectories(layout, '')[0] ?? '';
      const before = await Promise.all(prefixes.map((prefix) => exists(files, `${first}${prefix}`)));
      await Promise.all(cgroupDirectories(layout, '').map((root) => makeDirectory(`${root}${path}`, root)));
      if (before.includes(false)) await delegate(path);
      return prefixes.filter((_, index) => before[index] === false);
    },

    async limit(path, resources) {
      for (const write of limitWrites(layout.version, resources)) {
        const root = layout.version === 1 ? layout.controllers.get(write.controller) : layout.unified;
        if (!root) continue;
        const file = `${root}${path}/${write.file}`;
        try {
          await files.writeFile(file, write.value);
        } catch (error) {
          if (!hasCode(error, 'ENOENT') && !hasCode(error, 'EACCES'))
            throw new Error(`failed to write ${write.value} to ${file}: ${errorText(error)}`, { cause: error });
        }
      }
    },

    async restrictDevices(path) {
      const root = layout.controllers.get('devices');
      if (!root) return;
      await files.writeFile(`${root}${path}/devices.deny`, 'a');
      await Promise.all(DEVICE_RULES.map((rule) => files.writeFile(`${root}${path}/devices.allow`, rule)));
    },

    async joinFiles(path) {
      const candidates = cgroupDirectories(layout, path).map((dir) => `${dir}/cgroup.procs`);
      const present = await Promise.all(candidates.map((file) => exists(files, file)));
      return candidates.filter((_, index) => present[index]);
    },

    async killAll(path) {
      if (layout.version === 2) await files.writeFile(`${layout.unified ?? ''}${path}/cgroup.kill`, '1').catch(() => undefined);
      for (let round = 0; round < ROUNDS; round += 1) {
        const pids = await members(path);
        if (pids.length === 0) return;
        for (const pid of pids) host.processes.kill(pid, 'SIGKILL');
        await clock.sleep(10);
      }
      log.warn('Processes of a container survive SIGKILL', { cgroup: path, pids: await members(path) });
    },

    async remove(path) {
      const removed = await Promise.all(cgroupDirectories(layout, path).map((dir) => removeDirectory(host, dir)));
      return removed.every(Boolean);
    },

    async oomKills(path) {
      const root = layout.version === 1 ? layout.controllers.get('memory') : layout.unified;
      const file = layout.version === 1 ? 'memory.oom_control' : 'memory.events';
      const match = /^oom_kill (\d+)$/m.exec(await readText(`${root ?? ''}${path}/${file}`));
      return Number(match?.[1] ?? 0);
    },
  };
}

async function removeDirectory(host: Host, dir: string): Promise<boolean> {
  for (let round = 0; round < ROUNDS; round += 1) {
    try {
      await host.files.rmdir(dir);
      return true;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return true;
      if (!hasCode(error, 'EBUSY') || round + 1 === ROUNDS) return false;
    }
    if ((await readMembers(host, dir)) !== '') return false;
    await host.clock.sleep(10);
  }
  return false;
}

async function readMembers(host: Host, dir: string): Promise<string> {
  return host.files.readFile(`${dir}/cgroup.procs`, 'utf8').catch(() => '');
}

async function exists(files: Host['files'], path: string): Promise<boolean> {
  return files.access(path).then(
    () => true,
    () => false,
  );
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
