import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTar, TarError } from './tar.ts';
import { paxRecord, writeTar, type TarMember } from './testing/tar-writer.ts';

async function* inPieces(data: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}

async function readAll(data: Buffer, size = 700): Promise<{ path: string; type: string; link: string; content: string }[]> {
  const members = [];
  for await (const entry of readTar(inPieces(data, size))) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry.content) chunks.push(chunk);
    members.push({ path: entry.path, type: entry.type, link: entry.linkPath, content: Buffer.concat(chunks).toString() });
  }
  return members;
}

describe('reading a tar archive', () => {
  it('gives every member with its content, however the bytes arrive', async () => {
    const members: TarMember[] = [
      { path: 'dir/', type: '5' },
      { path: 'dir/file', content: 'x'.repeat(1300) },
      { path: 'link', type: '2', link: '/a/b' },
      { path: 'hard', type: '1', link: 'dir/file' },
      { path: 'null', type: '3' },
      { path: 'last', content: 'end' },
    ];
    for (const size of [1, 511, 512, 513, 100_000]) {
      const read = await readAll(writeTar(members), size);
      expect(read.map((member) => [member.path, member.type, member.link, member.content.length])).toEqual([
        ['dir/', 'directory', '', 0],
        ['dir/file', 'file', '', 1300],
        ['link', 'symlink', '/a/b', 0],
        ['hard', 'hardlink', 'dir/file', 0],
        ['null', 'device', '', 0],
        ['last', 'file', '', 3],
      ]);
    }
  });

  it('takes long names from GNU and pax headers', async () => {
    const long = `${'d/'.repeat(120)}file`;
    const archive = writeTar([
      { path: '././@LongLink', type: 'L', content: `${long}\0` },
      { path: 'short', content: 'gnu' },
      { path: 'pax', type: 'x', content: paxRecord('path', `${long}ü`) + paxRecord('mtime', '1700000000.5') },
      { path: 'short', content: 'pax' },
      { path: 'plain', content: '' },
    ]);
    expect((await readAll(archive)).map((member) => member.path)).toEqual([long, `${long}ü`, 'plain']);
  });

  it('skips content that nobody reads', async () => {
    const paths = [];
    for await (const entry of readTar(inPieces(writeTar([{ path: 'a', content: 'x'.repeat(5000) }, { path: 'b' }]), 100)))
      paths.push(entry.path);
    expect(paths).toEqual(['a', 'b']);
  });

  it.each([
    ['text', Buffer.from('this is not an archive'.repeat(50))],
    ['one that ends inside a member', writeTar([{ path: 'a', content: 'x'.repeat(5000) }]).subarray(0, 2000)],
    ['one that ends inside a header', writeTar([{ path: 'a' }]).subarray(0, 300)],
    [
      'one with a damaged header',
      Buffer.concat([
        writeTar([{ path: 'a' }])
          .subarray(0, 512)
          .fill(0x41, 0, 3),
        Buffer.alloc(1024),
      ]),
    ],
    ['a pax record that lies about its length', writeTar([{ path: 'p', type: 'x', content: '99 path=x\n' }, { path: 'a' }])],
    ['a pax size that is no number', writeTar([{ path: 'p', type: 'x', content: paxRecord('size', 'NaN') }, { path: 'a' }])],
  ])('refuses %s', async (_what, data) => {
    await expect(readAll(data)).rejects.toBeInstanceOf(TarError);
  });

  it('ends with members or with a TarError for any bytes at all', async () => {
    const good = writeTar([
      { path: 'a', content: 'hello' },
      { path: 'p', type: 'x', content: paxRecord('path', 'b') },
      { path: 'c', content: 'x'.repeat(600) },
    ]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 12 }),
        fc.nat(good.length),
        async (changes, length) => {
          const data = Buffer.from(good);
          for (const [at, byte] of changes) data[at] = byte;
          await readAll(data.subarray(0, length)).catch((error: unknown) => {
            if (!(error instanceof TarError)) throw error;
          });
        },
      ),
      { numRuns: 300 },
    );
  });
});
