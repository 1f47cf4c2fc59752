/** Takes away every mount below a directory, the innermost first. */
import type { Host } from '../../util/host.ts';

/** Mount points below `root`, deepest first; escapes of mountinfo (`\040`) are undone. */
export function mountsBelow(root: string, mountinfo: string): string[] {
  return mountinfo
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    )
    .filter((target) => target.startsWith(`${root}/`))
    .toSorted((a, b) => b.length - a.length);
}

export async function unmountBelow(root: string, host: Host): Promise<void> {
  const mountinfo = await host.files.readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  for (const target of mountsBelow(root, mountinfo)) await host.processes.run('umount', ['-l', '--', target]);
}
