/** Takes away the cgroups that pods had. */
import { cgroupDirectories, isCgroupPath, readCgroupLayout } from '../../runtime/process/cgroup-layout.ts';
import type { Host } from '../../util/host.ts';

/** Removes a cgroup with those below it from every tree, as far as nobody is in them. The root, and what is no cgroup's name, stay. */
export async function removeCgroups(path: string, host: Host): Promise<void> {
  const layout = await readCgroupLayout(host);
  if (layout === null || !isCgroupPath(path)) return;
  for (const directory of cgroupDirectories(layout, path)) {
    // The kernel refuses to remove a cgroup that has members: what another nodelet uses is safe.
    await host.processes.run('find', [directory, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';']);
  }
}
