/** Takes away every mount below a directory, the innermost first. */
import type { Host } from '../../util/host.ts';
import { mountsBelow } from '../../util/mountinfo.ts';

export async function unmountBelow(root: string, host: Host): Promise<void> {
  for (const target of await mountsBelow(host, root)) await host.processes.run('umount', ['-l', '--', target]);
}
