/** What is mounted where, as the kernel tells a process (`/proc/<pid>/mountinfo`, proc(5)). */
import type { Host } from './host.ts';

export interface MountEntry {
  readonly major: number;
  readonly minor: number;
  readonly mountPoint: string;
  readonly type: string;
  readonly source: string;
  /** Of the file system, not of this mount: `rw,lowerdir=/l,upperdir=/u`. As the kernel wrote it, with its escapes. */
  readonly superOptions: string;
}

/** Every whole line; the others are left out. */
export function parseMounts(mountinfo: string): MountEntry[] {
  const mounts: MountEntry[] = [];
  for (const line of mountinfo.split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const [, , device = '', , mountPoint = ''] = left.split(' ');
    const [type = '', source = '', superOptions = ''] = right.split(' ');
    const [, major, minor] = /^(\d{1,10}):(\d{1,10})$/.exec(device) ?? [];
    if (major === undefined || minor === undefined || !mountPoint.startsWith('/') || type === '') continue;
    mounts.push({
      major: Number(major),
      minor: Number(minor),
      mountPoint: unescapeOctal(mountPoint),
      type,
      source: unescapeOctal(source),
      superOptions,
    });
  }
  return mounts;
}

/** Where an overlay puts what is written; undefined for all else, and for a path with anything that the kernel writes with a backslash. */
export function upperDirectory({ type, superOptions }: Pick<MountEntry, 'type' | 'superOptions'>): string | undefined {
  return type === 'overlay' ? /(?:^|,)upperdir=(\/[^,\\]*)(?:,|$)/.exec(superOptions)?.[1] : undefined;
}

/** Whether something is mounted exactly there, as far as this process sees. */
export async function isMounted(host: Host, path: string): Promise<boolean> {
  return (await mountPoints(host)).includes(path);
}

/** The places below a directory where something is mounted, deepest first. */
export async function mountsBelow(host: Host, directory: string): Promise<string[]> {
  return (await mountPoints(host)).filter((path) => path.startsWith(`${directory}/`)).toSorted((a, b) => b.length - a.length);
}

async function mountPoints(host: Host): Promise<string[]> {
  const table = await host.files.readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  return parseMounts(table).map(({ mountPoint }) => mountPoint);
}

const unescapeOctal = (field: string): string =>
  field.includes('\\') ? field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))) : field;
