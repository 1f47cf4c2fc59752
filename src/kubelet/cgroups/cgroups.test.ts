import { describe, expect, it } from 'vitest';
import { aPod } from '../testing/objects.ts';
import { cgroupParent, cgroupPath, containerCgroup, podCgroup } from './names.ts';
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
