import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDiskstats, readDisks } from './filesystems.ts';
import { systemHost } from '../../util/host.ts';
import { topology } from './machine-info.ts';
import { parseBlkio, parseIoStat, parseKeyed, parseNetDev, parseNumber, parsePids, parsePressure } from './parse.ts';

const PRESSURE = 'some avg10=1.40 avg60=3.60 avg300=8.98 total=102690438\nfull avg10=0.00 avg60=0.10 avg300=0.20 total=7\n';
const NET_DEV =
  'Inter-|   Receive                                                |  Transmit\n' +
  ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n' +
  '    lo: 9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0\n' +
  '  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n' +
  'veth12: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n' +
  'nl02297ce25152: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n' +
  'a:b: 18446744073709551615 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n';

describe('kernel files', () => {
  it('hold one number', () => {
    expect(['12\n', 'max\n', '-1\n', '9223372036854771712', '', 'x\n', '1 2\n', '1.5\n'].map(parseNumber)).toEqual([
      12,
      Infinity,
      -1,
      9223372036854771712,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(parseNumber(undefined)).toBeUndefined();
  });

  it('hold keys with numbers; what is torn or no number is passed over', () => {
    expect([...parseKeyed('usage_usec 12\nbad\nx y\n 1\nuser_usec 3\nsystem_usec 4')]).toEqual([
      ['usage_usec', 12],
      ['user_usec', 3],
    ]);
  });

  it('tell of pressure, with or without a full line', () => {
    expect(parsePressure(PRESSURE)).toEqual({
      some: { avg10: 1.4, avg60: 3.6, avg300: 8.98, total: 102690438 },
      full: { avg10: 0, avg60: 0.1, avg300: 0.2, total: 7 },
    });
    expect(parsePressure(PRESSURE.split('\n')[0])?.full.total).toBe(0);
    expect(parsePressure('some avg10=1')).toBeUndefined();
  });

  it('tell of devices, in both versions', () => {
    expect(parseIoStat('8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n7:0 \nnonsense\n')).toEqual([
      { major: 8, minor: 0, readBytes: 1, writeBytes: 2, reads: 3, writes: 4 },
      { major: 7, minor: 0, readBytes: 0, writeBytes: 0, reads: 0, writes: 0 },
    ]);
    expect(parseBlkio('8:0 Read 1\n8:0 Write 2\nTotal 3\n').get('8:0')?.get('Write')).toBe(2);
  });

  it('list processes once each', () => {
    expect(parsePids('1\n22\n1\n0\nx\n')).toEqual([1, 22]);
  });

  it('list interfaces without those of the host end of pods', () => {
    const found = parseNetDev(NET_DEV);
    expect(found.map((i) => i.name)).toEqual(['eth0', 'a:b']);
    expect(found[0]).toEqual({
      name: 'eth0',
      rxBytes: 1,
      rxPackets: 2,
      rxErrors: 3,
      rxDropped: 4,
      txBytes: 9,
      txPackets: 10,
      txErrors: 11,
      txDropped: 12,
    });
  });

  it('asks for the room of overlays once, at the file system that takes their writes', async () => {
    const mountinfo = [
      '1 0 254:0 / / rw - ext4 /dev/vda rw',
      '2 1 0:45 / /m/a rw - overlay overlay rw,lowerdir=/l,upperdir=/data/a/fs,workdir=/w',
      '3 1 0:46 / /m/b rw - overlay overlay rw,lowerdir=/l,upperdir=/data/b/fs,workdir=/w',
      '4 1 0:47 / /m/c rw - overlay overlay rw,lowerdir=/l,upperdir=/m/b/fs,workdir=/w',
      '5 1 0:48 / /run rw - tmpfs tmpfs rw',
    ].join('\n');
    const readFile = (path: string) => Promise.resolve(path.endsWith('mountinfo') ? mountinfo : '');
    const host = { ...systemHost, files: { ...systemHost.files, readFile: readFile as typeof systemHost.files.readFile } };
    const asked: string[] = [];
    const stats = await systemHost.files.statfs('/');
    const { filesystems } = await readDisks(host, (path) => {
      asked.push(path);
      return Promise.resolve(stats);
    });
    expect(asked).toStrictEqual(['/', '/m/c', '/run']);
    expect(filesystems.map(({ device }) => device)).toStrictEqual(['/dev/vda', 'overlay_0-45', 'overlay_0-46', 'overlay_0-47', '/run']);
    expect(filesystems[1]?.capacityBytes).toBe(stats.blocks * stats.bsize);
  });

  it('name mounts and disks', () => {
    const disks = parseDiskstats(' 254 0 vda 1 2 3 4 5 6 7 8 9 10 11 0 0\n 7 0 loop0 1 2 3 4 5 6 7 8 9 10 11\n 8 0 sda 1 2\n');
    expect([...disks.keys()]).toEqual(['254:0']);
    expect(disks.get('254:0')).toMatchObject({ reads: 1, ioMs: 10, weightedMs: 11 });
  });

  it('count sockets and cores', () => {
    expect(topology('physical id\t: 0\ncore id\t\t: 0\n\nphysical id\t: 0\ncore id\t\t: 1\n\nphysical id\t: 1\ncore id\t\t: 0\n')).toEqual({
      sockets: 2,
      physicalCores: 3,
    });
    expect(topology('')).toEqual({ sockets: 0, physicalCores: 0 });
  });

  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc
      .array(
        fc.constantFrom(
          '8:0',
          'Read',
          ' ',
          '\n',
          'total=',
          'some',
          'full',
          'avg10=',
          '1',
          '99999999999999999999999',
          '-',
          '=',
          ':',
          'max',
          '.',
        ),
        { maxLength: 80 },
      )
      .map((parts) => parts.join('')),
    fc.integer({ min: 0, max: PRESSURE.length }).map((cut) => PRESSURE.slice(0, cut)),
    fc.integer({ min: 0, max: NET_DEV.length }).map((cut) => NET_DEV.slice(0, cut)),
  );
  it('of any text are read without an error and without a number that is none', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const numbers = [
          parseNumber(text) ?? 0,
          ...parseKeyed(text).values(),
          ...parsePids(text),
          ...parseIoStat(text).flatMap((d) => Object.values(d)),
          ...[...parseBlkio(text).values()].flatMap((d) => Array.from(d.values())),
          ...parseNetDev(text).flatMap(({ name: _name, ...counts }) => Object.values(counts)),
          ...[...parseDiskstats(text).values()].flatMap(({ name: _name, ...counts }) => Object.values(counts)),
          ...Object.values(parsePressure(text)?.some ?? {}),
        ];
        return numbers.every((n) => !Number.isNaN(n));
      }),
      { numRuns: 500 },
    );
  });
});
