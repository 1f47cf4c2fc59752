import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemHost } from '../../util/host.ts';
import { silentLogger } from '../../util/log.ts';
import { aPod } from '../testing/objects.ts';
import { cgroupParent, cgroupPath, containerCgroup, podCgroup } from './names.ts';
import { openPodCgroups } from './pod-cgroups.ts';
import { allPodsLimits, podLimits } from './pod-limits.ts';

const burstable = aPod({ containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] }, { uid: 'a-b' });
const settings = { cpuCFSQuota: true, cpuCFSQuotaPeriod: '100ms', podPidsLimit: -1, memoryCapacity: 1 << 30 };
const limitsOf = (...resources: object[]) =>
  podLimits(aPod({ containers: resources.map((own, i) => ({ name: `c${i}`, resources: own })) }), settings);

describe('names of cgroups', () => {
  it('are paths for cgroupfs, slices within slices for systemd', () => {
    const cgroupfs = { cgroupRoot: '/x' };
    const systemd = { cgroupRoot: '', cgroupDriver: 'systemd' } as const;
    expect(podCgroup(burstable, cgroupfs)).toBe('/x/kubepods/burstable/poda-b');
    expect(cgroupParent(burstable, cgroupfs)).toBe('/x/kubepods/burstable/poda-b');
    expect(containerCgroup('/p', 'id', undefined)).toBe('/p/id');
    expect(podCgroup(burstable, systemd)).toBe('/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-poda_b.slice');
    expect(cgroupParent(burstable, systemd)).toBe('kubepods-burstable-poda_b.slice');
    expect(containerCgroup('/p', 'id', 'systemd')).toBe('/p/cri-containerd-id.scope');
    expect(cgroupPath({ cgroupRoot: '/' }, 'kubepods', '')).toBe('/kubepods');
  });
});

describe('limits of a pod', () => {
  it('are the sums of its containers', () => {
    const one = { requests: { cpu: '100m', memory: '1Mi' }, limits: { cpu: '200m', memory: '2Mi' } };
    expect(limitsOf(one, one)).toEqual({ cpuShares: 204, cpuPeriod: 100_000, cpuQuota: 40_000, memoryLimitBytes: 4 << 20 });
  });

  it('are not set where one container has none', () => {
    expect(limitsOf({ limits: { cpu: '1', memory: '1Mi' } }, { limits: { cpu: '1' } })).toEqual({
      cpuShares: 2048,
      cpuPeriod: 100_000,
      cpuQuota: 200_000,
    });
  });

  it('are the least shares for a pod that asks for nothing', () => {
    expect(limitsOf({})).toEqual({ cpuShares: 2 });
    expect(podLimits(aPod({}), { ...settings, podPidsLimit: 9 })).toEqual({ cpuShares: 2, pidsLimit: 9 });
  });

  it('take the largest init container, and the overhead', () => {
    const pod = aPod({
      initContainers: [{ name: 'i', resources: { limits: { cpu: '3', memory: '8Mi' } } }],
      containers: [{ name: 'c', resources: { limits: { cpu: '1', memory: '1Mi' } } }],
      overhead: { cpu: '500m' },
    });
    expect(podLimits(pod, settings)).toMatchObject({ cpuShares: 3584, cpuQuota: 350_000, memoryLimitBytes: 8 << 20 });
  });

  it('of all pods together are what the node has to give', () => {
    expect(allPodsLimits({ cpu: '2', memory: '1Gi' }, true)).toEqual({ cpuShares: 2048, memoryLimitBytes: 1 << 30 });
    expect(allPodsLimits({ cpu: '2', memory: '1Gi' }, false)).toEqual({ cpuShares: 2048 });
  });
});

describe('tiers of pods', () => {
  it('share what their Burstable pods ask for, as they come, change and end; pods of the last tier share nothing', async () => {
    const root = await mkdtemp(join(tmpdir(), 'nodelet-tiers-'));
    try {
      const text = `30 1 0:1 / ${root} rw - cgroup2 cgroup2 rw\n`;
      const files = { ...systemHost.files, readFile: (async () => text) as unknown as typeof systemHost.files.readFile };
      const weights = ['burstable', 'besteffort', 'burstable/poda', ''].map((name) => join(root, 'x/kubepods', name, 'cpu.weight'));
      for (const file of weights) {
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, '');
      }
      const shown = async (): Promise<string> => (await Promise.all(weights.map((file) => readFile(file, 'utf8')))).join(' ').trim();
      for (const madeByRuntime of [false, true]) {
        const cgroups = await openPodCgroups({
          ...settings,
          cgroupRoot: '/x',
          host: { ...systemHost, files },
          log: silentLogger,
          allPods: { cpuShares: 2048 },
          madeByRuntime,
        });
        const asking = (uid: string, cpu: string, overhead = '0') =>
          aPod({ containers: [{ name: 'c', resources: { requests: { cpu } } }], overhead: { cpu: overhead } }, { uid });
        const eventually = (line: string): Promise<void> => expect.poll(shown).toBe(line);
        cgroups.count(asking('a', '1'));
        cgroups.count(aPod({}, { uid: 'best' }));
        cgroups.count(asking('b', '500m', '500m'));
        await cgroups.ensure(asking('a', '1'));
        await cgroups.made(asking('a', '1'));
        await eventually('79 1 39 79');
        cgroups.count(asking('a', '3'));
        await eventually('157 1 39 79');
        await cgroups.ended(asking('a', '3'));
        await cgroups.remove(asking('b', '500m'));
        await eventually('1 1 39 79');
      }
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });
});

describe('cgroups of pods that are gone', () => {
  const mountinfo = (root: string): string => `30 1 0:1 / ${root} rw - cgroup2 cgroup2 rw\n`;
  it('go with the empty ones that a crashed runtime left in them; those in use stay', async () => {
    const root = await mkdtemp(join(tmpdir(), 'nodelet-cgroups-'));
    try {
      const files = { ...systemHost.files, readFile: (async () => mountinfo(root)) as unknown as typeof systemHost.files.readFile };
      const cgroups = await openPodCgroups({
        ...settings,
        cgroupRoot: '/x',
        host: { ...systemHost, files },
        log: silentLogger,
        allPods: {},
      });
      const pods = join(root, 'x/kubepods/burstable');
      await mkdir(join(pods, 'podgone/left'), { recursive: true });
      await mkdir(join(pods, 'podbusy/used'), { recursive: true });
      await mkdir(join(pods, 'podknown/left'), { recursive: true });
      await writeFile(join(pods, 'podbusy/used/cgroup.procs'), '1\n');
      await cgroups.removeOrphans((uid) => uid === 'known');
      const left = (await readdir(pods, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
      expect(left.toSorted()).toEqual(['podbusy', 'podknown']);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });

  it('go from every tree, whoever made them there and was killed before the next', async () => {
    const root = await mkdtemp(join(tmpdir(), 'nodelet-cgroups-'));
    try {
      const table = ['memory', 'cpu'].map((name, i) => `3${i} 1 0:${i + 1} / ${root}/${name} rw - cgroup cgroup rw,${name}\n`).join('');
      const files = { ...systemHost.files, readFile: (async () => table) as unknown as typeof systemHost.files.readFile };
      const host = { ...systemHost, files };
      const cgroups = await openPodCgroups({ ...settings, cgroupRoot: '/x', host, log: silentLogger, allPods: {}, madeByRuntime: true });
      const tier = join(root, 'cpu/x/kubepods/besteffort');
      await mkdir(join(tier, 'podgone'), { recursive: true });
      await mkdir(join(tier, 'podknown'), { recursive: true });
      await cgroups.removeOrphans((uid) => uid === 'known');
      expect((await readdir(tier)).filter((name) => name.startsWith('pod'))).toEqual(['podknown']);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });
});
