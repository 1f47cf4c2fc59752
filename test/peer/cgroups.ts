/** A cgroup of its own for each kubelet that runs beside others: else one removes the other's pods. */
import { systemHost } from '../../src/util/host.ts';
import { cgroupDirectories, parseCgroupLayout } from '../../src/runtime/process/cgroup-layout.ts';
import { removeCgroups } from '../../src/cli/up/cgroups.ts';

/** Makes it in every tree; how it is taken away. */
export async function makeCgroup(path: string): Promise<() => Promise<void>> {
  const layout = parseCgroupLayout(await systemHost.files.readFile('/proc/self/mountinfo', 'utf8'));
  if (layout === null) throw new Error('this machine has no cgroups');
  for (const directory of cgroupDirectories(layout, path)) await systemHost.files.mkdir(directory, { recursive: true });
  return () => removeCgroups(path, systemHost);
}
