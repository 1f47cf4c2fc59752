import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemHost } from './host.ts';
import { isMounted, mountsBelow, parseMounts, upperDirectory } from './mountinfo.ts';

const line = (target: string): string => `36 35 98:0 / ${target} rw,noatime master:1 - tmpfs tmpfs rw`;
const table = ['/', '/data', '/data/a', '/data/a/b\\040c', '/database/x'].map(line).join('\n');
const readFile = () => Promise.resolve(table);
const host = { ...systemHost, files: { ...systemHost.files, readFile: readFile as unknown as typeof systemHost.files.readFile } };

describe('the table of mounts', () => {
  it('is read line by line, without broken ones and with escapes undone', () => {
    expect(parseMounts('31 23 0:28 / /sys/a\\040b rw - tmpfs tmp\\040fs rw,size=1k\nbroken\n')).toEqual([
      { major: 0, minor: 28, mountPoint: '/sys/a b', type: 'tmpfs', source: 'tmp fs', superOptions: 'rw,size=1k' },
    ]);
  });

  it('survives any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(' ', '-', '/', ':', '1', '\\', '\n', 'a') }), (text) => void parseMounts(text)),
    );
  });

  it('names what lies below a directory, deepest first, and nothing beside', async () => {
    expect(await mountsBelow(host, '/data')).toEqual(['/data/a/b c', '/data/a']);
    expect(await isMounted(host, '/data/a/b c')).toBe(true);
    expect(await isMounted(host, '/data/a/b')).toBe(false);
  });

  it.each([
    ['rw,lowerdir=/l,upperdir=/u/1/fs,workdir=/w', '/u/1/fs'],
    ['rw,upperdir=/u', '/u'],
    ['', undefined],
    ['rw,upperdir=', undefined],
    ['rw,upperdir=u,x', undefined],
    ['rw,upperdir=/u\\,x,workdir=/w', undefined],
    ['rw,lowerdir=/l,xupperdir=/u', undefined],
  ])('says where an overlay of %j puts what is written', (superOptions, upper) => {
    expect(upperDirectory({ type: 'overlay', superOptions })).toBe(upper);
    expect(upperDirectory({ type: 'ext4', superOptions })).toBeUndefined();
  });
});
