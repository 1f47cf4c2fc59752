import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemHost } from '../../util/host.ts';
import { TarError } from './tar.ts';
import { writeTar, type TarMember } from './testing/tar-writer.ts';
import { memberPath, unpackLayer, type UnpackLimits } from './unpack.ts';

let base: string;
let root: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'nodelet-unpack-'));
  root = join(base, 'root');
  mkdirSync(root);
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

async function unpack(members: readonly TarMember[], limits?: UnpackLimits): Promise<void> {
  await unpackLayer(systemHost.files, Readable.from([writeTar(members)]), root, { entries: 0, bytes: 0, skipped: 0 }, limits);
}

describe('unpacking a layer', () => {
  it('makes files, directories and links with their modes', async () => {
    await unpack([
      { path: './bin/', type: '5', mode: 0o750 },
      { path: 'bin/tool', content: 'x', mode: 0o4755 },
      { path: 'sbin', type: '2', link: 'bin' },
      { path: 'sbin/other', content: 'y' },
      { path: 'copy', type: '1', link: 'bin/tool' },
      { path: 'dev/null', type: '3' },
    ]);
    expect(lstatSync(join(root, 'bin')).mode & 0o7777).toBe(0o750);
    expect(lstatSync(join(root, 'bin/tool')).mode & 0o7777).toBe(0o4755);
    expect(readFileSync(join(root, 'bin/other'), 'utf8')).toBe('y');
    expect(lstatSync(join(root, 'copy')).ino).toBe(lstatSync(join(root, 'bin/tool')).ino);
    expect(existsSync(join(root, 'dev/null'))).toBe(false);
  });

  it('replaces and removes what lower layers brought', async () => {
    await unpack([
      { path: 'a/one', content: '1' },
      { path: 'a/two', content: '2' },
      { path: 'b/old', content: 'o' },
      { path: 'c', type: '5' },
      { path: 'c/in', content: '' },
    ]);
    await unpack([
      { path: 'a/.wh.one' },
      { path: 'b/new', content: 'n' },
      { path: 'b/.wh..wh..opq' },
      { path: 'c', content: 'a file now' },
    ]);
    expect(readdirSync(join(root, 'a'))).toEqual(['two']);
    expect(readdirSync(join(root, 'b'))).toEqual(['new']);
    expect(readFileSync(join(root, 'c'), 'utf8')).toBe('a file now');
  });

  it('never leaves the root by a link, absolute or relative', async () => {
    mkdirSync(join(base, 'outside'));
    writeFileSync(join(base, 'outside/kept'), 'kept');
    await unpack([
      { path: 'up', type: '2', link: '../../../../../../..' },
      { path: 'abs', type: '2', link: join(base, 'outside') },
      { path: 'up/etc/made', content: 'x' },
      { path: 'abs/made', content: 'x' },
      { path: 'abs/.wh.kept' },
    ]);
    expect(readdirSync(join(base, 'outside'))).toEqual(['kept']);
    expect(readFileSync(join(root, 'etc/made'), 'utf8')).toBe('x');
    expect(readFileSync(join(root, base, 'outside/made'), 'utf8')).toBe('x');
  });

  it('replaces a link instead of writing through it', async () => {
    writeFileSync(join(base, 'victim'), 'safe');
    symlinkSync(join(base, 'victim'), join(root, 'file'));
    await unpack([{ path: 'file', content: 'new' }]);
    expect(readFileSync(join(base, 'victim'), 'utf8')).toBe('safe');
    expect(readFileSync(join(root, 'file'), 'utf8')).toBe('new');
    await unpack([{ path: 'file', type: '2', link: '/x' }]);
    expect(readlinkSync(join(root, 'file'))).toBe('/x');
  });

  it.each([
    ['an absolute path', { path: '/etc/x' }],
    ['a path with ..', { path: 'a/../../x' }],
    ['a hard link that leads out', { path: 'x', type: '1', link: '../../etc/passwd' }],
    ['a hard link to nothing', { path: 'x', type: '1', link: 'absent' }],
    ['a whiteout of the parent', { path: 'a/.wh...' }],
    ['a symbolic link to nowhere', { path: 'x', type: '2', link: '' }],
  ] as [string, TarMember][])('refuses %s', async (_what, member) => {
    await expect(unpack([member])).rejects.toBeInstanceOf(TarError);
  });

  it('stops at its limits', async () => {
    const many = Array.from({ length: 20 }, (_, index) => ({ path: `f${index}` }));
    await expect(unpack(many, { maxEntries: 10, maxBytes: 1000 })).rejects.toThrow('more than 10 files');
    await expect(unpack([{ path: 'big', content: 'x'.repeat(2000) }], { maxEntries: 10, maxBytes: 1000 })).rejects.toThrow(
      'larger than 1000 bytes',
    );
  });
});

it.each([
  ['a/b', 'a/b'],
  ['./a//b/', 'a/b'],
  ['.', ''],
])('reads the member path %s as %s', (text, path) => {
  expect(memberPath(text)).toBe(path);
});
