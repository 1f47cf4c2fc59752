import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemHost } from '../../util/host.ts';
import type { Clock } from '../../util/clock.ts';
import { cadvisorText } from './cadvisor.ts';
import { createCollector, type Collector } from './collector.ts';
import type { MachineInfo } from './machine-info.ts';
import { watchProcesses } from './processes.ts';
import { resourceText } from './resource.ts';
import { buildSummary } from './summary.ts';
import { cgroupV1, ID, LAYOUT_V1, LAYOUT_V2, memoryFiles, runningPod, type MemoryFiles } from './testing.ts';
import type { MeasuredPod } from './targets.ts';

const MACHINE: MachineInfo = {
  machineId: 'm',
  systemUuid: 's',
  bootId: 'b',
  kernelVersion: '6.1',
  osVersion: 'Debian "12"',
  cores: 2,
  physicalCores: 2,
  sockets: 1,
  memoryBytes: 1 << 30,
  swapBytes: 0,
  persistentMemory: false,
  dimms: new Map([['DDR4', { count: 1, bytes: 1024 }]]),
  bootedAt: 1_600_000_000_000,
};
const POD = '/kubepods/besteffort/poduid-p';
const CONTAINER = `${POD}/${ID}`;
const OWN_PID = 4711;
const NET = `h\nh\n  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n`;

function setup(files: MemoryFiles, pods: readonly MeasuredPod[], layout = LAYOUT_V1, maxOpen = 1000) {
  let now = 1_700_000_100_000;
  const clock: Clock = { ...systemHost.clock, now: () => now, monotonic: () => now, every: () => ({ cancel: () => undefined }) };
  const collector: Collector = createCollector({
    layout,
    files,
    clock,
    cgroupRoot: '/',
    named: [],
    pods: () => pods,
    maxOpen,
    ownPid: OWN_PID,
  });
  return { collector, pass: (ms: number) => (now += ms) };
}

const standard = (): MemoryFiles =>
  memoryFiles({
    ...cgroupV1('', 5000, 10_000),
    ...cgroupV1('/kubepods', 1000, 9000),
    ...cgroupV1(POD, 500, 8192),
    ...cgroupV1(CONTAINER, 400, 8000),
    '/proc/77/net/dev': NET,
    '/proc/77/stat': '77 (a) b) S 1 2',
    '/proc/77/limits': 'Max open files            1024                 4096                 files\n',
    '/proc/77/fd/0': '/dev/null',
    '/proc/77/fd/1': 'socket:[1]',
  });

const text = async (collector: Collector): Promise<string> =>
  cadvisorText({ snapshot: await collector.collect('full'), disks: undefined, machine: MACHINE, now: 1_700_000_100_000 }).toString();

const descriptorsOf = async (collector: Collector) => (await collector.collect('full')).pods[0]?.containers[0]?.processes?.descriptors;

describe('the detail of memory', () => {
  it('is read again when the group has run, has more or less, or was read ten seconds ago', async () => {
    const files = standard();
    const { collector, pass } = setup(files, [runningPod('p')]);
    const rss = async () => (await collector.collect('full')).pods[0]?.containers[0]?.sample.memory?.rss;
    const write = (bytes: number): void => {
      const path = `/cg/memory${CONTAINER}/memory.stat`;
      files.texts.set(path, String(files.texts.get(path)).replace(/total_rss \d+/, `total_rss ${bytes}`));
    };
    expect(await rss()).toBe(2048);
    write(1);
    pass(2_000);
    expect(await rss()).toBe(2048);
    files.texts.set(`/cg/memory${CONTAINER}/memory.usage_in_bytes`, '8001\n');
    pass(2_000);
    expect(await rss()).toBe(1);
    write(2);
    files.texts.set(`/cg/cpuacct${CONTAINER}/cpuacct.usage`, '400000001\n');
    pass(2_000);
    expect(await rss()).toBe(2);
    write(3);
    pass(10_000);
    expect(await rss()).toBe(3);
  });
});

describe('what processes hold', () => {
  it('is looked at again when they have run, and not before', async () => {
    const files = standard();
    const { collector, pass } = setup(files, [runningPod('p')]);
    expect(await descriptorsOf(collector)).toBe(2);
    files.texts.set('/proc/77/fd/2', 'socket:[2]');
    pass(60_000);
    expect(await descriptorsOf(collector)).toBe(2);
    files.texts.set(`/cg/cpuacct${CONTAINER}/cpuacct.usage`, '400000001\n');
    pass(2_000);
    expect(await descriptorsOf(collector)).toBe(3);
  });

  it('is looked at again when others are there, and now and then', async () => {
    const files = standard();
    const { collector, pass } = setup(files, [runningPod('p')]);
    expect(await descriptorsOf(collector)).toBe(2);
    files.texts.set('/proc/78/fd/0', '/dev/null');
    files.texts.set(`/cg/cpu${CONTAINER}/cgroup.procs`, '77\n78\n');
    pass(10_000);
    expect(await descriptorsOf(collector)).toBe(3);
    files.texts.set('/proc/78/fd/1', '/dev/null');
    pass(300_000);
    expect(await descriptorsOf(collector)).toBe(4);
  });

  it('is no kernel thread, and no file that is kept open here for measuring', () => {
    const links: string[] = [];
    const { look, texts } = watched(
      { '/proc/2/stat': `2 (kthreadd) ${stat('S', 2_129_984, 1)}`, '/proc/4711/stat': `4711 (n) o) ${stat('S', 0, 11)}` },
      links,
    );
    expect(look([2, OWN_PID])).toMatchObject({ descriptors: 3, sockets: 2, tasks: { sleeping: 2 } });
    expect(links).toStrictEqual(['/proc/4711/fd/3', '/proc/4711/fd/5']);
    texts['/proc/4711/stat'] = '';
    expect(look([OWN_PID])).toMatchObject({ descriptors: 3, tasks: { sleeping: 0 } });
  });

  it.each([
    ['one thread that has not run', 1, '5 1 1', '5 2 2', 0],
    ['one thread that has run', 1, '5 1 1', '6 1 1', 3],
    ['several threads', 2, '5 1 1', '5 1 1', 3],
    ['a kernel that does not count', 1, '0 0 0', '0 0 0', 3],
    ['a kernel that has no such file', 1, '', '', 3],
  ])('of %s is looked at only when it may be otherwise', (_, threads, before, after, looks) => {
    const links: string[] = [];
    const { look, texts } = watched({ '/proc/9/stat': `9 (a) ${stat('S', 0, threads)}`, '/proc/9/schedstat': before }, links);
    expect(look([9])).toMatchObject({ descriptors: 3, sockets: 3 });
    links.length = 0;
    texts['/proc/9/schedstat'] = after;
    expect(look([9])).toMatchObject({ descriptors: 3, sockets: 3, tasks: { sleeping: 1 } });
    expect(links.length).toBe(looks);
  });
});

/** The fields of `/proc/<pid>/stat` behind the name. */
const stat = (state: string, flags: number, threads: number): string =>
  [state, 1, 1, 1, 0, -1, flags, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, threads, 0, 5].join(' ');

/** Processes with descriptors 3 to 5, all sockets; 4 of our own is a kernel file. */
function watched(texts: Record<string, string>, links: string[]) {
  const files = {
    once: (path: string) => texts[path],
    readdir: () => ['3', '4', '5'],
    readlink: (path: string) => {
      links.push(path);
      return 'socket:[1]';
    },
    holds: (pid: number, fd: number) => pid === OWN_PID && fd === 4,
  };
  const watch = watchProcesses(files);
  return { look: (pids: readonly number[]) => watch.look(pids), texts };
}

describe('one pass over the control groups', () => {
  it('shows containers with the labels and numbers of the original', async () => {
    const { collector } = setup(standard(), [runningPod('p')]);
    const out = await text(collector);
    const labels = `container="main",id="${CONTAINER}",image="docker.io/library/busybox:latest",name="${ID}",namespace="web",pod="p"`;
    for (const line of [
      `container_memory_working_set_bytes{${labels}} 6976 1700000100000`,
      `container_memory_rss{${labels}} 2048 1700000100000`,
      `container_cpu_cfs_throttled_seconds_total{${labels}} 3 1700000100000`,
      `container_cpu_user_seconds_total{${labels}} 1 1700000100000`,
      `container_pressure_cpu_waiting_seconds_total{${labels}} 2 1700000100000`,
      `container_spec_memory_limit_bytes{${labels}} 0`,
      `container_spec_cpu_quota{${labels}} 20000`,
      `container_threads_max{${labels}} 0 1700000100000`,
      `container_file_descriptors{${labels}} 2 1700000100000`,
      `container_sockets{${labels}} 1 1700000100000`,
      `container_start_time_seconds{${labels}} 1.700000001e+09`,
      `container_ulimits_soft{${labels},ulimit="max_open_files"} 1024 1700000100000`,
      `container_tasks_state{${labels},state="sleeping"} 1 1700000100000`,
      `container_cpu_usage_seconds_total{${labels.replace(',id', ',cpu="total",id')}} 0.4 1700000100000`,
      `container_network_receive_bytes_total{container="",id="${POD}/s-p",image="sandbox",interface="eth0",name="s-p",namespace="web",pod="p"} 1 1700000100000`,
      `container_blkio_device_usage_total{container="main",device="",id="${CONTAINER}",image="docker.io/library/busybox:latest",major="8",minor="0",name="${ID}",namespace="web",operation="Read",pod="p"} 1 1700000100000`,
      `machine_cpu_cores{boot_id="b",machine_id="m",system_uuid="s"} 2`,
      `machine_dimm_count{boot_id="b",machine_id="m",system_uuid="s",type="DDR4"} 1`,
      'container_scrape_error 0',
    ])
      expect(out).toContain(`${line}\n`);
    collector.close();
  });

  it('writes each family once, in order, and each series once', async () => {
    const { collector } = setup(standard(), [runningPod('p'), runningPod('a', 'a'.repeat(64))]);
    const out = await text(collector);
    const families = [...out.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(families).toEqual([...new Set(families)].sort((a = '', b = '') => (a < b ? -1 : 1)));
    const series = out
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.replace(/ \S+( \d+)?$/, ''));
    expect(new Set(series).size).toBe(series.length);
    collector.close();
  });

  it('counts nanocores between passes that are ten seconds apart', async () => {
    const files = standard();
    const { collector, pass } = setup(files, [runningPod('p')]);
    const nanoCores = async (): Promise<number | undefined> => (await collector.collect('usage')).pods[0]?.containers[0]?.nanoCores;
    expect(await nanoCores()).toBe(0);
    pass(10_000);
    files.texts.set(`/cg/cpuacct${CONTAINER}/cpuacct.usage`, `${2400 * 1e6}\n`);
    expect(await nanoCores()).toBe(200_000_000);
    pass(10_000);
    files.texts.set(`/cg/cpuacct${CONTAINER}/cpuacct.usage`, '5\n');
    expect(await nanoCores()).toBe(0);
    collector.close();
  });

  it('gives one answer to those who ask at the same time', async () => {
    const { collector, pass } = setup(standard(), [runningPod('p')]);
    const [a, b] = await Promise.all([collector.collect('full'), collector.collect('full')]);
    expect(a).toBe(b);
    expect(await collector.collect('usage')).toBe(a);
    pass(1000);
    expect(await collector.collect('usage')).not.toBe(a);
    collector.close();
  });

  it('loses the samples of a container that vanished or cannot be read, and no others', async () => {
    const files = standard();
    const { collector, pass } = setup(files, [runningPod('p')]);
    await collector.collect('full');
    for (const path of files.texts.keys())
      if (path.includes(ID)) files.texts.set(path, Object.assign(new Error('ENODEV'), { code: 'ENODEV' }));
    pass(1000);
    const snapshot = await collector.collect('full');
    expect(snapshot.pods[0]?.containers).toEqual([]);
    expect(snapshot.pods[0]?.group?.sample.cpu?.usageNs).toBe(500e6);
    expect(resourceText(snapshot)).toContain('resource_scrape_error 0');
    collector.close();
  });

  it('closes every descriptor, and keeps to its limit of them', async () => {
    const files = standard();
    const pods = [runningPod('p')];
    const { collector, pass } = setup(files, pods, LAYOUT_V1, 10);
    await collector.collect('full');
    expect(files.opened.size).toBe(10);
    pods.pop();
    for (let i = 0; i < 4; i++) {
      pass(1000);
      await collector.collect('full');
    }
    collector.close();
    expect(files.opened.size).toBe(0);
  });

  it('reads version 2 in its own words', async () => {
    const dir = `/cg${CONTAINER}`;
    const files = memoryFiles({
      [`${dir}/cpu.stat`]: 'usage_usec 1000\nuser_usec 600\nsystem_usec 400\nnr_periods 5\nnr_throttled 1\nthrottled_usec 2000000\n',
      [`${dir}/cpu.max`]: '50000 100000\n',
      [`${dir}/cpu.weight`]: '100\n',
      [`${dir}/memory.current`]: '8192\n',
      [`${dir}/memory.max`]: '65536\n',
      [`${dir}/memory.swap.current`]: '1\n',
      [`${dir}/memory.swap.max`]: '10\n',
      [`${dir}/memory.stat`]: 'anon 1\nfile 2\ninactive_file 192\n',
      [`${dir}/memory.events`]: 'oom 2\noom_kill 3\n',
      [`${dir}/io.stat`]: '8:0 rbytes=1 wbytes=2 rios=3 wios=4\n',
    });
    const { collector } = setup(files, [runningPod('p')], LAYOUT_V2);
    const snapshot = await collector.collect('full');
    const measured = snapshot.pods[0]?.containers[0];
    expect(measured?.spec).toMatchObject({ cpuQuota: 50000, cpuPeriod: 100000, cpuShares: 2597, memoryLimit: 65536, swapLimit: 10 });
    expect(measured?.sample).toMatchObject({
      cpu: { usageNs: 1e6 },
      memory: { usage: 8192, workingSet: 8000, swap: 1 },
      throttling: { throttledNs: 2e9 },
      oomKills: 3,
    });
    const summary = buildSummary({
      nodeName: 'n',
      snapshot,
      machine: MACHINE,
      systemContainers: new Map(),
      disks: undefined,
      rlimit: undefined,
    });
    expect(summary.pods[0]?.containers[0]).toMatchObject({
      memory: { availableBytes: 57536, workingSetBytes: 8000 },
      swap: { swapAvailableBytes: 9, swapUsageBytes: 1 },
    });
    expect(summary.node.cpu).toBeUndefined();
    collector.close();
  });

  const garbage = fc.oneof(
    fc.constantFrom('', '\n', 'max\n', '-1\n', 'x'.repeat(200_000), '18446744073709551615\n', 'total_inactive_file 9999999999999999\n'),
    fc.string({ unit: 'binary', maxLength: 60 }),
  );
  it('survives any text in any file', async () => {
    const paths = [...standard().texts.keys()];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...paths), garbage), { maxLength: 12 }), async (changes) => {
        const files = standard();
        for (const [path, content] of changes) files.texts.set(path, content);
        const { collector } = setup(files, [runningPod('p')]);
        const out = await text(collector);
        const resource = resourceText(await collector.collect('usage'));
        collector.close();
        expect(out).toContain('container_scrape_error ');
        expect(`${out}${resource}`).not.toMatch(/ (NaN|undefined)\b/);
      }),
      { numRuns: 60 },
    );
  });

  it('escapes whatever byte stands in a name', async () => {
    const name = String.fromCharCode(...Array.from({ length: 255 }, (_, i) => i + 1));
    const { collector } = setup(standard(), [
      { ...runningPod('p'), pod: { ...runningPod('p').pod, metadata: { name, namespace: 'web', uid: 'uid-p' } } },
    ]);
    const out = await text(collector);
    const line = out.split('\n').find((l) => l.startsWith('container_memory_rss{container="main"')) ?? '';
    const value = /pod="((?:[^"\\]|\\.)*)"\} 2048 \d+$/.exec(line)?.[1] ?? '';
    expect(value.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c))).toBe(name);
    collector.close();
  });
});
