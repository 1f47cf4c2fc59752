/** Disks that hang, containers that vanish, a runtime that is dead: the scrape goes on. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemHost, type Host } from '../../util/host.ts';
import { silentLogger } from '../../util/log.ts';
import { createDiskUsage } from './disk-usage.ts';
import { startNodeStats, type NodeStats } from './node-stats.ts';
import { createStatfs } from './statfs.ts';
import { cgroupV1, ID, memoryFiles, runningPod } from './testing.ts';

const never = <T>(): Promise<T> => new Promise(() => undefined);
const POD = '/kubepods/besteffort/poduid-p';
const NET = `h\nh\n  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n`;
const MOUNTINFO = [
  ...['cpu', 'cpuacct', 'memory', 'pids', 'blkio'].map((c, i) => `${30 + i} 25 0:${30 + i} / /cg/${c} rw - cgroup cgroup rw,${c}`),
  '40 1 8:1 / / rw - ext4 /dev/root rw',
  '41 1 0:50 / /hung rw - nfs4 server:/ rw',
].join('\n');

const SETTINGS = {
  log: silentLogger,
  nodeName: 'n',
  rootDir: tmpdir(),
  podLogsDir: '/nonexistent',
  cgroupRoot: '/',
  kubeletCgroups: '',
  systemCgroups: '',
} as const;

const readFile = ((path: string, encoding: 'utf8') =>
  path === '/proc/self/mountinfo' ? Promise.resolve(MOUNTINFO) : systemHost.files.readFile(path, encoding)) as Host['files']['readFile'];

/** Time that goes on only when it is told to; a sleep ends at once and takes its time. */
function fastHost(files: Partial<Host['files']>): { host: Host; sleeps: number[] } {
  let now = 1_700_000_000_000;
  const sleeps: number[] = [];
  const { clock } = systemHost;
  const host: Host = {
    ...systemHost,
    files: { ...systemHost.files, readFile, ...files },
    clock: {
      ...clock,
      now: () => now,
      monotonic: () => now,
      every: () => ({ cancel: () => undefined }),
      sleep: async (ms) => {
        // What answers at all has answered by then.
        await new Promise((resolve) => {
          setTimeout(resolve, 20);
        });
        sleeps.push(ms);
        now += ms;
      },
    },
  };
  return { host, sleeps };
}

async function start(files: Partial<Host['files']>, imageFsInfo: () => Promise<never>): Promise<{ stats: NodeStats; sleeps: number[] }> {
  const { host, sleeps } = fastHost(files);
  const stats = await startNodeStats({
    ...SETTINGS,
    host,
    runtime: { imageFsInfo },
    pods: () => [runningPod('p')],
    files: memoryFiles({
      ...cgroupV1('', 5000, 10_000),
      ...cgroupV1(POD, 500, 8192),
      ...cgroupV1(`${POD}/${ID}`, 400, 8000),
      '/proc/77/net/dev': NET,
    }),
  });
  return { stats, sleeps };
}

const OTHER = 'd'.repeat(64);
const OTHER_POD = '/kubepods/besteffort/poduid-q';

/** Two pods, of which everything of the first one's container is gone after so many more of its files were touched. */
async function startVanishing(): Promise<{ stats: NodeStats; vanishAfter: (touches: number) => Promise<void>; touched: () => number }> {
  const { host } = fastHost({});
  const files = memoryFiles({
    ...cgroupV1('', 5000, 10_000),
    ...cgroupV1(POD, 500, 8192),
    ...cgroupV1(`${POD}/${ID}`, 400, 8000),
    ...cgroupV1(OTHER_POD, 500, 8192),
    ...cgroupV1(`${OTHER_POD}/${OTHER}`, 400, 8000),
    '/proc/77/net/dev': NET,
  });
  const paths = new Map<number, string>();
  let [touches, left] = [0, Infinity];
  const touch = (path: string): void => {
    if (!path.includes(ID)) return;
    touches += 1;
    left -= 1;
    if (left < 0) throw Object.assign(new Error('ENODEV'), { code: 'ENODEV' });
  };
  const stats = await startNodeStats({
    ...SETTINGS,
    host,
    runtime: { imageFsInfo: () => Promise.resolve([]) },
    pods: () => [runningPod('p'), runningPod('q', OTHER)],
    files: {
      ...files,
      open(path) {
        touch(path);
        const fd = files.open(path);
        paths.set(fd, path);
        return fd;
      },
      read(fd, ...rest) {
        touch(paths.get(fd) ?? '');
        return files.read(fd, ...rest);
      },
      modifiedAt(path) {
        touch(path);
        return files.modifiedAt(path);
      },
    },
  });
  return {
    stats,
    touched: () => touches,
    vanishAfter: async (count) => {
      // The answers of one second are the same ones.
      await host.clock.sleep(31_000);
      [touches, left] = [0, count];
    },
  };
}

const seriesOf = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.replace(/ [-+.\de]+(?: \d+)?$/, ''));

describe('a scrape goes on', () => {
  it('when a container vanishes in the midst of it, after whichever file: no other series is missing', async () => {
    const whole = await startVanishing();
    const all = seriesOf((await whole.stats.cadvisor()).text());
    await whole.vanishAfter(Infinity);
    await whole.stats.cadvisor();
    const files = whole.touched();
    whole.stats.close();
    expect(files).toBeGreaterThan(10);
    const others = all.filter((line) => !line.includes(ID));
    for (let touches = 0; touches <= files; touches += 1) {
      const { stats, vanishAfter } = await startVanishing();
      await stats.cadvisor();
      await vanishAfter(touches);
      const text = (await stats.cadvisor()).text();
      const shown = seriesOf(text);
      expect(shown.filter((line) => !line.includes(ID))).toEqual(others);
      expect(all).toEqual(expect.arrayContaining(shown));
      expect(text).toContain('\ncontainer_scrape_error 0\n');
      expect(text).not.toMatch(/ (NaN|[-+]Inf|undefined)( \d+)?$/m);
      const summary = await stats.summary(false);
      expect(summary.pods.find(({ podRef }) => podRef.name === 'q')?.containers).toHaveLength(1);
      expect((await stats.resource()).text()).toMatch(
        /^container_cpu_usage_seconds_total\{container="main",namespace="web",pod="q"\} 0\.4 /m,
      );
      stats.close();
    }
  });

  it('while a disk hangs: its file system is missing, and it is not asked twice', async () => {
    const asked: string[] = [];
    const statfs = ((path: string) => {
      asked.push(path);
      return path === '/hung' ? never() : systemHost.files.statfs(path);
    }) as Host['files']['statfs'];
    const { stats } = await start({ statfs }, () => Promise.reject(new Error('no')));
    await expect.poll(async () => (await stats.cadvisor()).text(), { timeout: 10_000 }).toContain('container_fs_usage_bytes');
    const text = (await stats.cadvisor()).text();
    expect(text).toContain('device="/dev/root"');
    expect(text).not.toContain('server:/');
    expect(text).toContain('container_memory_working_set_bytes{container="main"');
    for (let i = 0; i < 30; i += 1) await stats.cadvisor();
    expect(asked.filter((path) => path === '/hung')).toHaveLength(1);
    stats.close();
  });

  it('while the runtime is dead: images are missing, and it is waited for once alone', async () => {
    const { stats, sleeps } = await start({}, never);
    const first = await stats.summary(false);
    expect(first.node.runtime).toBeUndefined();
    expect(first.pods[0]?.containers[0]?.cpu?.usageCoreNanoSeconds).toBe(400e6);
    const before = sleeps.filter((ms) => ms === 500).length;
    for (let i = 0; i < 5; i += 1) await stats.summary(false);
    expect(sleeps.filter((ms) => ms === 500).length).toBe(before);
    stats.close();
  });

  it('while the directories of one pod hang: those of others are counted, and few threads wait', async () => {
    const root = mkdtempSync(join(tmpdir(), 'nodelet-hung-'));
    writeFileSync(join(root, 'file'), 'x'.repeat(5000));
    const hanging: string[] = [];
    let answer: (() => void) | undefined;
    const stat = ((path: string) => {
      if (!path.startsWith('/hung')) return systemHost.files.stat(path);
      hanging.push(path);
      return new Promise((_, reject) => {
        answer = () => reject(new Error('gone'));
      });
    }) as Host['files']['stat'];
    const { host } = fastHost({ stat });
    const usage = createDiskUsage(host, () => undefined);
    usage.of('/hung/1');
    usage.of(root);
    await expect.poll(() => usage.of(root)?.bytes ?? 0, { timeout: 10_000 }).toBeGreaterThan(4000);
    for (const path of ['/hung/2', '/hung/3', '/hung/4', '/hung/1']) usage.of(path);
    await expect.poll(() => hanging.length, { timeout: 10_000 }).toBe(2);
    await usage.settled(1);
    expect(hanging).toEqual(['/hung/1', '/hung/2']);
    answer?.();
    await expect.poll(() => (usage.of('/hung/3'), hanging.length), { timeout: 10_000 }).toBeGreaterThan(2);
    usage.close();
    rmSync(root, { recursive: true, force: true });
  });

  it('when a file system answers late: the next question gets that answer', async () => {
    const answers: (() => void)[] = [];
    const real = await systemHost.files.statfs('/');
    const statfs = (() => new Promise((resolve) => answers.push(() => resolve(real)))) as Host['files']['statfs'];
    const ask = createStatfs(fastHost({ statfs }).host);
    expect(await ask('/')).toBeUndefined();
    expect(await ask('/')).toBeUndefined();
    expect(answers).toHaveLength(1);
    const second = ask('/');
    answers[0]?.();
    expect(await second).toBe(real);
  });
});
