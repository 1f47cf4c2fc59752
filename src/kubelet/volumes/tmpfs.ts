/** Memory-backed directories. */
import type { Host } from '../../util/host.ts';

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
