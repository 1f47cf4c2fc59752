import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemHost } from '../../util/host.ts';
import { emptyImageConfig } from '../images/image-config.ts';
import { addressAt, createAddressPool, parseSubnet } from './address-pool.ts';
import { allCapabilities, capabilityArguments, containerCapabilities, defaultCapabilities } from './capabilities.ts';
import { cgroupDirectories, isCgroupPath, parseCgroupLayout } from './cgroup-layout.ts';
import { cpuWeight, limitWrites } from './cgroup-limits.ts';
import { checkArguments, containerCommand, containerEnvironment } from './command-line.ts';
import { isMountablePath, mountTable } from './fstab.ts';
import { networkRules } from './network-rules.ts';
import { hearsSignal, parseProcessStat } from './processes.ts';
import { resolveBelow } from './rooted-path.ts';
import { resolvConf, sysctlFiles } from './sandbox-files.ts';
import { signalNumber } from './signals.ts';
import { elfInterpreter, withoutPreload } from './tools.ts';
import { resolveUser, userArguments, type UserRequest } from './users.ts';

describe('capabilities', () => {
  it.each([
    [{ privileged: false, add: [], drop: [] }, 14],
    [{ privileged: true, add: [], drop: ['ALL'] }, 41],
    [{ privileged: false, add: ['ALL'], drop: [] }, 41],
    [{ privileged: false, add: ['ALL'], drop: ['KILL'] }, 40],
    [{ privileged: false, add: [], drop: ['ALL'] }, 0],
    [{ privileged: false, add: ['CAP_SYS_ADMIN', 'net_admin'], drop: ['ALL'] }, 2],
    [{ privileged: false, add: ['KILL'], drop: ['KILL'] }, 13],
  ])('of %j number %i', (request, count) => {
    expect(containerCapabilities(request)).toHaveLength(count);
  });

  it('are refused when no kernel knows them', () => {
    expect(() => containerCapabilities({ privileged: false, add: ['FLY'], drop: [] })).toThrow('unknown capability "CAP_FLY"');
  });

  it('become arguments of setpriv', () => {
    expect(capabilityArguments(['KILL', 'CHOWN'])).toEqual(['--inh-caps', '-all', '--bounding-set', '-all,+kill,+chown']);
    expect(capabilityArguments(allCapabilities)).toEqual(['--inh-caps', '-all']);
    expect(defaultCapabilities.every((name) => allCapabilities.includes(name))).toBe(true);
  });
});

describe('users', () => {
  const passwd = 'root:x:0:0:root:/root:/bin/sh\napp:x:7:8::/home/app:/bin/sh\nbroken line\nbad:x:no:1::/:/\n';
  const group = 'root:x:0:\nwheel:x:10:root,app\nstaff:x:20:app\n';
  const request = (more: Partial<UserRequest>): UserRequest => ({ supplementalGroups: [], policy: 'Merge', imageUser: '', ...more });

  it.each<[Partial<UserRequest>, object]>([
    [{}, { uid: 0, gid: 0, groups: [0, 10], home: '/root' }],
    [{ imageUser: 'app' }, { uid: 7, gid: 8, groups: [8, 10, 20], home: '/home/app' }],
    [{ imageUser: 'app:staff' }, { uid: 7, gid: 20, groups: [20, 10] }],
    [{ imageUser: '7:30' }, { uid: 7, gid: 30, groups: [30, 10, 20] }],
    [{ uid: 1000 }, { uid: 1000, gid: 0, groups: [0], home: '/' }],
    [
      { uid: 1000, gid: 2000, supplementalGroups: [3000, 4000, 3000] },
      { uid: 1000, gid: 2000, groups: [2000, 3000, 4000] },
    ],
    [
      { username: 'app', policy: 'Strict', supplementalGroups: [5] },
      { uid: 7, gid: 8, groups: [8, 5] },
    ],
    [
      { uid: 7, imageUser: 'root:staff' },
      { uid: 7, gid: 8 },
    ],
  ])('%j is settled', (more, ids) => {
    expect(resolveUser(request(more), passwd, group)).toMatchObject(ids);
  });

  it('that the image does not have are refused', () => {
    expect(() => resolveUser(request({ imageUser: 'nobody' }), passwd, group)).toThrow(
      'unable to find user nobody: no matching entries in passwd file',
    );
    expect(() => resolveUser(request({ imageUser: 'app:none' }), passwd, group)).toThrow('unable to find group none');
    expect(resolveUser(request({}), '', '')).toMatchObject({ uid: 0, gid: 0, home: '/' });
  });

  it('become arguments of setpriv', () => {
    expect(userArguments({ uid: 1, gid: 2, groups: [2, 3], home: '/' })).toEqual(['--reuid', '1', '--regid', '2', '--groups', '2,3']);
  });
});

describe('the cgroup layout', () => {
  const v1 =
    '30 1 0:1 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n31 30 0:2 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n32 30 0:3 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n33 30 0:4 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n34 30 0:5 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n35 1 0:3 / /elsewhere rw - cgroup cgroup rw,memory';
  const v2 = '30 1 0:1 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate';

  it('is read out of the mounts', () => {
    const one = parseCgroupLayout(v1);
    expect(one).toMatchObject({ version: 1, unified: '/sys/fs/cgroup/unified' });
    expect(one && cgroupDirectories(one, '/a/b')).toEqual([
      '/sys/fs/cgroup/cpu,cpuacct/a/b',
      '/sys/fs/cgroup/memory/a/b',
      '/sys/fs/cgroup/systemd/a/b',
      '/sys/fs/cgroup/unified/a/b',
    ]);
    const two = parseCgroupLayout(v2);
    expect(two).toMatchObject({ version: 2, unified: '/sys/fs/cgroup' });
    expect(two && cgroupDirectories(two, '/a')).toEqual(['/sys/fs/cgroup/a']);
    expect(parseCgroupLayout('30 1 0:1 / / rw - ext4 /dev/vda rw')).toBeNull();
  });

  it.each([
    ['/nodelet/kubepods/besteffort/pod-1_2', true],
    ['/a.slice/b:c@d=e', true],
    ['/', false],
    ['', false],
    ['a/b', false],
    ['/a/../b', false],
    ['/a//b', false],
    ['/a b', false],
    ['/a\n', false],
  ])('takes %j as a path: %s', (path, good) => {
    expect(isCgroupPath(path)).toBe(good);
  });

  it('has the same limits in the files of both versions', () => {
    const resources = {
      cpuShares: 512,
      cpuPeriod: 100_000,
      cpuQuota: 50_000,
      memoryLimitBytes: 1000,
      memorySwapLimitBytes: 1500,
      pidsLimit: 10,
      cpusetCpus: '0-1',
      hugepageLimits: [{ pageSize: '2MB', limit: 0 }],
    };
    const text = (version: 1 | 2): string[] => limitWrites(version, resources).map((write) => `${write.file}=${write.value}`);
    expect(text(1)).toEqual([
      'cpuset.cpus=0-1',
      'cpu.shares=512',
      'cpu.cfs_period_us=100000',
      'cpu.cfs_quota_us=50000',
      'memory.limit_in_bytes=1000',
      'memory.memsw.limit_in_bytes=1500',
      'pids.max=10',
      'hugetlb.2MB.limit_in_bytes=0',
    ]);
    expect(text(2)).toEqual([
      'cpuset.cpus=0-1',
      'cpu.weight=20',
      'cpu.max=50000 100000',
      'memory.max=1000',
      'memory.swap.max=500',
      'pids.max=10',
      'hugetlb.2MB.max=0',
    ]);
    expect(
      limitWrites(2, { cpuQuota: -1, memoryLimitBytes: -1, memorySwapLimitBytes: -1, pidsLimit: -1 }).map((write) => write.value),
    ).toEqual(['max 100000', 'max', 'max', 'max']);
    expect(limitWrites(1, {})).toEqual([]);
    const order = (current: string, memory: number, swap: number): string[] =>
      limitWrites(1, { memoryLimitBytes: memory, memorySwapLimitBytes: swap }, () => current).map(({ file, value }) => `${file}=${value}`);
    const [memory, withSwap] = ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes'];
    expect(order('1000', 2000, 2000)).toEqual([`${withSwap}=2000`, `${memory}=2000`]);
    expect(order('1000', -1, -1)).toEqual([`${withSwap}=-1`, `${memory}=-1`]);
    expect(order('2000', 1000, 1000)).toEqual([`${memory}=1000`, `${withSwap}=1000`]);
    expect(order('9223372036854771712', 1000, 1000)).toEqual([`${memory}=1000`, `${withSwap}=1000`]);
    expect([2, 1024, 262_144, 0].map(cpuWeight)).toEqual([1, 39, 10_000, 0]);
  });
});

describe('addresses', () => {
  it('come from the subnet, each to one only, and those given back not at once', () => {
    const pool = createAddressPool(parseSubnet('10.88.3.9/29'));
    expect(pool.gateway).toBe('10.88.3.9');
    pool.keep('10.88.3.11');
    expect([pool.take(), pool.take()]).toEqual(['10.88.3.10', '10.88.3.12']);
    pool.give('10.88.3.10');
    expect([pool.take(), pool.take(), pool.take()]).toEqual(['10.88.3.13', '10.88.3.14', '10.88.3.10']);
    expect(() => pool.take()).toThrow('no free address is left in 10.88.3.8/29');
  });

  it.each(['', '10.88.0.0', '10.88.0.0/30', '10.88.0.0/7', '300.0.0.0/16', '10.88.0.0/16x', '::/64'])('cannot come from %j', (text) => {
    expect(() => parseSubnet(text)).toThrow('is not an IPv4 subnet');
  });

  it('are counted across bytes', () => {
    expect(addressAt(parseSubnet('10.88.0.0/16'), 65_534)).toBe('10.88.255.254');
    expect(addressAt(parseSubnet('192.168.1.200/24'), 0)).toBe('192.168.1.0');
  });
});

it('writes network rules with nothing in them that a pod could have made up', () => {
  const port = (more: object): { protocol: 'TCP' | 'UDP'; containerPort: number; hostPort: number; hostIp: string } => ({
    protocol: 'TCP',
    containerPort: 80,
    hostPort: 8080,
    hostIp: '',
    ...more,
  });
  const rules = networkRules('nodelet_x', 'x', '10.88.0.0/16', [
    {
      address: '10.88.0.2',
      ports: [port({}), port({ protocol: 'UDP', hostIp: '127.0.0.1' }), port({ hostPort: 0 }), port({ hostIp: '"; flush ruleset' })],
    },
  ]);
  expect(rules).toContain(
    '  tcp dport 8080 dnat to 10.88.0.2:80\n  ip daddr 127.0.0.1 udp dport 8080 dnat to 10.88.0.2:80\n  tcp dport 8080 dnat to 10.88.0.2:80\n }',
  );
  expect(rules).not.toContain('flush');
});

describe('the command line', () => {
  const image = { ...emptyImageConfig, entrypoint: ['/entry'], cmd: ['cmd'] };
  it.each([
    [[], [], ['/entry', 'cmd']],
    [['c'], [], ['c']],
    [[], ['a'], ['/entry', 'a']],
    [['c'], ['a', 'b'], ['c', 'a', 'b']],
  ])('of command %j and args %j is %j', (command, args, argv) => {
    expect(containerCommand({ command, args }, image)).toEqual(argv);
  });

  it('must have a command that can be executed', () => {
    expect(() => containerCommand({ command: [], args: [] }, emptyImageConfig)).toThrow('no command specified');
    expect(() => checkArguments(['a=b'], [])).toThrow('equals sign');
    expect(() => checkArguments(['a'], ['A=\0'])).toThrow('NUL');
  });

  it('has an environment in which the last value wins', () => {
    const config = [
      { key: 'A', value: '1' },
      { key: 'A', value: '2' },
      { key: 'PATH', value: '/x' },
      { key: 'B=C', value: 'x' },
    ];
    const sources = { image: ['A=0', 'HOME=', 'broken'], config, hostname: 'pod', home: '/root', tty: true };
    expect(containerEnvironment(sources)).toEqual(['PATH=/x', 'TERM=xterm', 'HOSTNAME=pod', 'A=2', 'HOME=/root']);
  });
});

describe('mount tables', () => {
  it('escape what would end a field', () => {
    const line = { source: '/a b\t\\#', target: '/c\nd', type: 'none', options: ['bind', 'ro'] };
    expect(mountTable([line])).toBe('/a\\040b\\011\\134\\043 /c\\012d none bind,ro 0 0\n');
  });

  it('always have one line of six fields', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: 'grapheme' }), (source, target) => {
        const text = mountTable([{ source: `/${source}`, target: `/${target}`, type: 'none', options: ['bind'] }]);
        expect(text.trimEnd().split('\n')).toHaveLength(1);
        expect(text.trimEnd().split(/\s+/)).toHaveLength(6);
      }),
    );
  });

  it.each([
    ['/a/b c', true],
    ['/a/../b', false],
    ['a', false],
    ['/a\0', false],
    ['/a/.', false],
  ])('take %j: %s', (path, good) => {
    expect(isMountablePath(path)).toBe(good);
  });
});

it.each([
  ['SIGTERM', 15],
  ['term', 15],
  ['9', 9],
  ['SIGRTMIN+3', 37],
  ['SIGRTMAXMINUS1', 63],
  ['SIGRTMINPLUS15', 49],
  ['RTMIN', 34],
  ['SIGNOPE', 15],
  ['99', 15],
  ['SIGUSR1', constants.signals.SIGUSR1],
])('takes the signal %s for %i', (name, number) => {
  expect(signalNumber(name)).toBe(number);
});

describe('sandbox files', () => {
  it('put the lines of resolv.conf in containerd’s order', () => {
    expect(resolvConf({ servers: ['1.1.1.1', '8.8.8.8'], searches: ['a', 'b'], options: ['ndots:5'] })).toBe(
      'search a b\nnameserver 1.1.1.1\nnameserver 8.8.8.8\noptions ndots:5\n',
    );
  });

  it('take sysctls of own namespaces alone', () => {
    const own = { network: true, ipc: true };
    expect(sysctlFiles({ 'net.ipv4.tcp_syncookies': '1', 'kernel/shm_rmid_forced': '0' }, own)).toEqual([
      ['/proc/sys/net/ipv4/tcp_syncookies', '1'],
      ['/proc/sys/kernel/shm_rmid_forced', '0'],
    ]);
    expect(() => sysctlFiles({ 'kernel.bogus': '1' }, own)).toThrow('sysctl "kernel.bogus" is not in a separate kernel namespace');
    expect(() => sysctlFiles({ 'net.ipv4.tcp_syncookies': '1' }, { network: false, ipc: true })).toThrow('is not allowed');
    for (const name of ['net..x', '../x', 'net/../../etc', 'net', 'net.ipv4.x\n'])
      expect(() => sysctlFiles({ [name]: '1' }, own)).toThrow('invalid sysctl name');
  });
});

it('tells processes by number and start time', () => {
  expect(parseProcessStat(readFileSync('/proc/self/stat', 'utf8'))).toMatchObject({ pid: process.pid });
  expect(parseProcessStat(`7 (a) b (c) S ${Array.from({ length: 30 }, (_, index) => index).join(' ')}`)).toEqual({ pid: 7, start: '18' });
  for (const text of ['', 'x', '7 (a', '7 (a) S 1']) expect(parseProcessStat(text)).toBeNull();
});

describe('paths below a root', () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'nodelet-root-'));
    mkdirSync(join(root, 'a/b'), { recursive: true });
    symlinkSync('/a', join(root, 'abs'));
    symlinkSync('../../../../..', join(root, 'a/up'));
    symlinkSync('loop', join(root, 'loop'));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it.each([
    ['/a/b', 'a/b'],
    ['abs/b', 'a/b'],
    ['a/up/etc/passwd', 'etc/passwd'],
    ['../../etc', 'etc'],
    ['/not/there', 'not/there'],
  ])('%s is resolved to %s', async (path, below) => {
    expect(await resolveBelow(systemHost.files, root, path)).toBe(join(root, below));
  });

  it('end at a loop', async () => {
    await expect(resolveBelow(systemHost.files, root, 'loop/x')).rejects.toThrow('too many levels of symbolic links');
  });
});

describe('programs that go into containers', () => {
  it('name their loader, or none', () => {
    expect(elfInterpreter(Buffer.alloc(10))).toBeNull();
    expect(elfInterpreter(Buffer.from('#!/bin/sh\n'.repeat(20)))).toBeNull();
    if (process.platform === 'linux') expect(elfInterpreter(readFileSync(process.execPath))).toMatch(/^\/lib.*ld-/);
  });

  it('stay within the bytes of a program that lies about itself', () => {
    const head = Buffer.alloc(200);
    head.write('\x7fELF\x02\x01', 0, 'latin1');
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 100, maxLength: 190 }), (bytes) => {
        const image = Buffer.from(head);
        image.set(bytes, 6);
        const found = elfInterpreter(image);
        expect(found === null || typeof found === 'string').toBe(true);
      }),
    );
  });

  it('do not look at an image’s /etc/ld.so.preload', () => {
    const loader = withoutPreload(Buffer.from('x\0/etc/ld.so.preload\0y'));
    expect(loader.toString()).toBe('x\0/.nodelet/t/absent\0y');
  });
});

it.each([
  ['NSpid:\t12\t1\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000004000\n', 15, 'yes'],
  ['NSpid:\t12\t1\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000000000\n', 15, 'not yet'],
  ['NSpid:\t12\t1\nSigIgn:\t0000000000004000\nSigCgt:\t0000000000000000\n', 15, 'never'],
  ['NSpid:\t12\t2\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000000000\n', 15, 'never'],
  ['NSpid:\t1\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000000000\n', 15, 'never'],
  ['NSpid:\t12\t1\nSigIgn:\t0000000000000000\nSigCgt:\t8000000000000000\n', 64, 'yes'],
  ['', 15, 'never'],
])('a process of status %j hears signal %i: %s', (status, signal, hears) => {
  expect(hearsSignal(status, signal)).toBe(hears);
});
