/** Memory-backed directories. */
import { basename } from 'node:path';
import type { Host } from '../../util/host.ts';

/** Whether something is mounted exactly there. */
export async function isMounted(host: Host, path: string): Promise<boolean> {
  const table = await host.files.readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  return table.split('\n').some((line) => unescape(line.split(' ')[4] ?? '') === path);
}

const unescape = (field: string): string =>
  field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));

/** Mounts a tmpfs. `options` as mount(8) takes them: `size=8388608,mode=0700`. */
export async function mountTmpfs(host: Host, path: string, options: string): Promise<void> {
  await command(host, 'mount', ['-t', 'tmpfs', ...(options === '' ? [] : ['-o', options]), 'tmpfs', path]);
}

export async function bindMount(host: Host, from: string, to: string): Promise<void> {
  await command(host, 'mount', ['--bind', from, to]);
}

export async function unmount(host: Host, path: string): Promise<void> {
  await command(host, 'umount', [path]);
}

async function command(host: Host, name: string, args: readonly string[]): Promise<void> {
  const { code, stderr } = await host.processes.run(name, args);
  if (code !== 0) throw new Error(`${name} ${args.join(' ')}: ${stderr.toString('utf8').trim() || `exit code ${String(code)}`}`);
}

/** The places below a directory where something is mounted, deepest first. */
export async function mountsBelow(host: Host, directory: string): Promise<string[]> {
  const table = await host.files.readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  // The table is as long as the node has pods, and mostly has nothing of this one.
  const name = basename(directory);
  return table
    .split('\n')
    .filter((line) => /[^\w.-]/.test(name) || line.includes(name))
    .map((line) => unescape(line.split(' ')[4] ?? ''))
    .filter((path) => path.startsWith(`${directory}/`))
    .sort((a, b) => b.length - a.length);
}
