/** A one-layer busybox image as a docker archive, made from this machine's static busybox. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

interface TarEntry {
  readonly name: string;
  readonly data?: Buffer;
  readonly mode?: number;
  readonly link?: string;
  readonly directory?: boolean;
}

const BLOCK = 512;

/** A ustar archive of these entries. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(2 * BLOCK)]);
}

function blocksOf({ name, data = Buffer.alloc(0), mode = 0o644, link, directory }: TarEntry): Buffer[] {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number): number =>
    header.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
  header.write(directory === true ? `${name}/` : name, 0, 100);
  octal(directory === true ? 0o755 : mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(data.length, 124, 12);
  octal(0, 136, 12);
  header.write('        ', 148);
  header.write(directory === true ? '5' : link === undefined ? '0' : '2', 156);
  if (link !== undefined) header.write(link, 157, 100);
  header.write('ustar\u000000', 257, 'latin1');
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return [header, data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)];
}

/** Writes the archive for one or more tags; the image's entrypoint is empty and its command `sh` or the one that is given. */
export function writeBusyboxImage(
  path: string,
  tags: readonly string[] = ['docker.io/library/busybox:1.36'],
  command: readonly string[] = ['sh'],
): void {
  const busybox = execFileSync('sh', ['-c', 'readlink -f "$(command -v busybox)"']).toString().trim();
  const applets = execFileSync(busybox, ['--list']).toString().trim().split('\n');
  const layer = tarOf([
    ...['bin', 'etc', 'proc', 'sys', 'dev', 'tmp', 'root', 'var'].map((name) => ({ name, directory: true })),
    { name: 'bin/busybox', data: readFileSync(busybox), mode: 0o755 },
    ...applets.filter((name) => name !== 'busybox').map((name) => ({ name: `bin/${name}`, link: 'busybox' })),
    { name: 'etc/passwd', data: Buffer.from('root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n') },
    { name: 'etc/group', data: Buffer.from('root:x:0:\nnogroup:x:65534:\n') },
  ]);
  const digest = sha256(layer);
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Cmd: command, Env: ['PATH=/bin:/usr/bin'] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
      history: [{ created: '2024-01-01T00:00:00Z' }],
      created: '2024-01-01T00:00:00Z',
    }),
  );
  const configName = `${sha256(config)}.json`;
  const manifest = Buffer.from(JSON.stringify([{ Config: configName, RepoTags: tags, Layers: [`${digest}/layer.tar`] }]));
  writeFileSync(
    path,
    tarOf([
      { name: configName, data: config },
      { name: `${digest}/layer.tar`, data: layer },
      { name: 'manifest.json', data: manifest },
    ]),
  );
}

function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
