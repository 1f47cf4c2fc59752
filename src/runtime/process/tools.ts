import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Host } from '../../util/host.ts';
import { hostScripts, toolScripts } from './scripts.ts';

/** Helpers that must run inside a container's root, where the host's files are out of reach. */
const HELPERS = ['sh', 'env', 'setpriv', 'umount', 'mount', 'mkdir', 'readlink', 'sleep', 'setsid'] as const;

/** Programs that run on the host; without the first of each line nothing starts. */
const HOST_PROGRAMS = ['sh', 'unshare', 'nsenter', 'mount', 'umount', 'pivot_root', 'mknod'] as const;

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The environment of every helper: nothing of nodelet's own, nothing of a pod's. */
export const helperEnvironment: Readonly<Record<string, string>> = { PATH, LC_ALL: 'C' };

/** Directories of prepared files. */
export interface Tools {
  /** Copies of the helpers and their libraries; bound read-only at `/.nodelet/t` in containers. */
  readonly inside: string;
  /** Scripts that run on the host. */
  readonly scripts: string;
  /** Device nodes: the lower layer of every container's /dev. */
  readonly devices: string;
}

/** Device nodes of a container: name, major, minor (runc's default devices). */
const DEVICES: readonly (readonly [string, number, number])[] = [
  ['null', 1, 3],
  ['zero', 1, 5],
  ['full', 1, 7],
  ['random', 1, 8],
  ['urandom', 1, 9],
  ['tty', 5, 0],
];

const DEVICE_LINKS: readonly (readonly [string, string])[] = [
  ['ptmx', 'pts/ptmx'],
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
  ['core', '/proc/kcore'],
];

/**
 * Copies the helpers with their libraries and writes the scripts below `dir`, each set in a directory named
 * after its content: what a running container uses is never changed. Rejects when a program is missing.
 */
export async function prepareTools(host: Host, dir: string): Promise<Tools> {
  const { files } = host;
  const programs = new Map<string, string>();
  for (const name of new Set<string>([...HELPERS, ...HOST_PROGRAMS])) programs.set(name, await findProgram(host, name));
  const copies = new Map<string, Buffer>();
  let loader = '';
  for (const name of HELPERS) {
    const path = programs.get(name) ?? '';
    const image = await files.readFile(path);
    copies.set(name, image);
    const interpreter = elfInterpreter(image);
    if (interpreter === null)
      throw new Error(`${path} is not a dynamically linked ELF program: the process runtime cannot take it into containers`);
    loader = interpreter;
    for (const library of await neededLibraries(host, interpreter, path)) {
      const base = library.slice(library.lastIndexOf('/') + 1);
      if (!copies.has(base)) copies.set(base, await files.readFile(library));
    }
  }
  copies.set('ld.so', withoutPreload(await files.readFile(loader)));
  for (const [name, text] of Object.entries(toolScripts)) copies.set(name, Buffer.from(text));
  return {
    ...(await prepareScripts(host, dir)),
    inside: await placeFiles(host, dir, 'tools', copies),
    devices: await prepareDevices(host, join(dir, 'devices')),
  };
}

/** The scripts alone, for plain process groups. */
export async function prepareScripts(host: Host, dir: string): Promise<Tools> {
  const scripts = new Map(Object.entries(hostScripts).map(([name, text]) => [name, Buffer.from(text)] as const));
  return { inside: '', devices: '', scripts: await placeFiles(host, dir, 'scripts', scripts) };
}

/** The path of the dynamic loader that an ELF64 little-endian program asks for; null when it asks for none. */
export function elfInterpreter(image: Buffer): string | null {
  if (image.length < 64 || image.readUInt32BE(0) !== 0x7f454c46 || image[4] !== 2 || image[5] !== 1) return null;
  const offset = Number(image.readBigUInt64LE(32));
  const size = image.readUInt16LE(54);
  const count = image.readUInt16LE(56);
  for (let index = 0; index < count; index += 1) {
    const at = offset + index * size;
    if (at + 56 > image.length) return null;
    if (image.readUInt32LE(at) !== 3) continue;
    const start = Number(image.readBigUInt64LE(at + 8));
    const length = Number(image.readBigUInt64LE(at + 32));
    if (length < 1 || start + length > image.length) return null;
    return image.toString('utf8', start, start + length - 1);
  }
  return null;
}

const PRELOAD = Buffer.from('/etc/ld.so.preload\0');

/**
 * A dynamic loader that does not look at /etc/ld.so.preload: in a container that file is the image's, and a
 * library it named would run as root with every capability before `setpriv` gives them up.
 */
export function withoutPreload(loader: Buffer): Buffer {
  const copy = Buffer.from(loader);
  for (let at = copy.indexOf(PRELOAD); at >= 0; at = copy.indexOf(PRELOAD, at + 1)) copy.write('/.nodelet/t/absent', at, 'latin1');
  return copy;
}

async function neededLibraries(host: Host, interpreter: string, program: string): Promise<string[]> {
  const listed = await host.processes.run(interpreter, ['--list', program], { env: helperEnvironment });
  if (listed.code !== 0) throw new Error(`${interpreter} --list ${program} failed: ${listed.stderr.toString().trim()}`);
  return [...listed.stdout.toString().matchAll(/=> (\/\S+)/g)].flatMap((match) => (match[1] && match[1] !== interpreter ? [match[1]] : []));
}

async function findProgram(host: Host, name: string): Promise<string> {
  for (const dir of PATH.split(':')) {
    try {
      await host.files.access(join(dir, name), 1);
      return await host.files.realpath(join(dir, name));
    } catch {
      continue;
    }
  }
  throw new Error(`${name} is not installed: the process runtime needs it (packages util-linux, coreutils, mount, iproute2)`);
}

async function placeFiles(host: Host, dir: string, kind: string, contents: ReadonlyMap<string, Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for (const [name, content] of contents) hash.update(`${name}\0${content.length}\0`).update(content);
  const place = join(dir, `${kind}-${hash.digest('hex').slice(0, 16)}`);
  const marker = join(place, '.complete');
  try {
    await host.files.access(marker);
    return place;
  } catch {
    await host.files.mkdir(place, { recursive: true, mode: 0o755 });
    await host.files.chmod(place, 0o755);
  }
  for (const [name, content] of contents) {
    await host.files.writeFile(join(place, name), content);
    await host.files.chmod(join(place, name), 0o755);
  }
  await host.files.writeFile(marker, '');
  return place;
}

async function prepareDevices(host: Host, place: string): Promise<string> {
  for (const name of ['', 'pts', 'shm', 'mqueue']) await host.files.mkdir(join(place, name), { recursive: true, mode: 0o755 });
  for (const [name, major, minor] of DEVICES) {
    const path = join(place, name);
    if (await exists(host, path)) continue;
    const made = await host.processes.run('mknod', ['-m', '666', path, 'c', String(major), String(minor)], { env: helperEnvironment });
    if (made.code !== 0) throw new Error(`mknod ${path} failed: ${made.stderr.toString().trim()}`);
  }
  for (const [name, target] of DEVICE_LINKS) {
    if (!(await exists(host, join(place, name)))) await host.files.symlink(target, join(place, name));
  }
  return place;
}

async function exists(host: Host, path: string): Promise<boolean> {
  try {
    await host.files.lstat(path);
    return true;
  } catch {
    return false;
  }
}
