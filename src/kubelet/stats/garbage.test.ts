/** Kernel files that are torn, empty, huge or no numbers, in both versions of cgroups: every path answers, in every format, with numbers alone. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { inFormat } from '../../metrics/formats.ts';
import { parseText } from '../../metrics/parse-text.ts';
import { toldByMessages, toldByOpenMetrics, toldByText } from '../../metrics/testing.ts';
import { systemHost, type Host } from '../../util/host.ts';
import { silentLogger } from '../../util/log.ts';
import { startNodeStats } from './node-stats.ts';
import { cgroupV1, cgroupV2, ID, memoryFiles, runningPod, type MemoryFiles } from './testing.ts';

const POD = '/kubepods/besteffort/poduid-p';
const PRESSURE = 'some avg10=0.00 avg60=1.25 avg300=0.00 total=2000000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n';
const COMMON = {
  '/proc/77/net/dev': 'h\nh\n  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n',
  '/proc/1/net/dev': 'h\nh\n  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n',
  '/proc/77/stat': '77 (a) b) S 1 2',
  '/proc/77/limits': 'Max open files            1024                 4096                 files\n',
  '/proc/77/mountinfo': '9 5 0:2 / / rw - overlay overlay rw,lowerdir=/l,upperdir=/nonexistent/upper,workdir=/w\n',
  '/proc/77/fd/0': '/dev/null',
  '/proc/77/fd/1': 'socket:[1]',
  '/proc/loadavg': '0.00 0.01 0.05 1/234 5678\n',
  '/proc/sys/kernel/pid_max': '4194304\n',
};
const V1_MOUNTS = ['cpu', 'cpuacct', 'memory', 'pids', 'blkio'].map(
  (c, i) => `${30 + i} 25 0:${30 + i} / /cg/${c} rw - cgroup cgroup rw,${c}`,
);
const MACHINES: Readonly<Record<string, { readonly mountinfo: string; readonly files: () => MemoryFiles }>> = {
  'version 1': {
    mountinfo: [...V1_MOUNTS, '40 25 0:40 / /cg/unified rw - cgroup2 cgroup2 rw'].join('\n'),
    files: () =>
      memoryFiles({ ...cgroupV1('', 5000, 10_000), ...cgroupV1(POD, 500, 8192), ...cgroupV1(`${POD}/${ID}`, 400, 8000), ...COMMON }),
  },
  'version 2': {
    mountinfo: '30 25 0:30 / /cg rw - cgroup2 cgroup2 rw',
    files: () =>
      memoryFiles({ ...cgroupV2('', 5000, 10_000), ...cgroupV2(POD, 500, 8192), ...cgroupV2(`${POD}/${ID}`, 400, 8000), ...COMMON }),
  },
};

const words = fc.constantFrom(
  '8:0',
  'Read',
  'rbytes=',
  'total=',
  'some',
  'avg10=',
  'max',
  'usage_usec',
  'eth0:',
  '-',
  '.',
  ' ',
  '\n',
  '1',
  '9'.repeat(40),
);
const garbage = fc.oneof(
  fc.constantFrom(
    '',
    '\n',
    'max\n',
    '-1\n',
    'NaN\n',
    '1e9\n',
    '18446744073709551615\n',
    '\0',
    'x'.repeat(200_000),
    '8:0 Read 1\n'.repeat(20_000),
    PRESSURE.repeat(500),
  ),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.array(words, { maxLength: 40 }).map((parts) => parts.join('')),
);
/** A file's new text: something else, or its own cut off somewhere. */
const change = fc.oneof(
  garbage.map((text) => () => text),
  fc.double({ min: 0, max: 1, noNaN: true }).map((share) => (text: string) => text.slice(0, Math.floor(share * text.length))),
  fc.constant(() => new Error('ENODEV')),
);

for (const [version, { mountinfo, files }] of Object.entries(MACHINES)) {
  const paths = [...files().texts.keys()];
  it(`any text in any file of ${version} leaves answers that read back, in every format`, { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...paths), change), { minLength: 1, maxLength: 12 }),
        fc.string({ unit: 'binary', maxLength: 9 }),
        async (changes, name) => {
          const memory = files();
          for (const [path, make] of changes) {
            const before = memory.texts.get(path);
            memory.texts.set(path, make(typeof before === 'string' ? before : ''));
          }
          const running = runningPod('p');
          const pod = { ...running, pod: { ...running.pod, metadata: { ...running.pod.metadata, name } } };
          const stats = await startNodeStats({
            host: hostWith(mountinfo),
            log: silentLogger,
            nodeName: 'n',
            rootDir: '/nonexistent',
            podLogsDir: '/nonexistent',
            cgroupRoot: '/',
            kubeletCgroups: '',
            systemCgroups: '',
            runtime: { imageFsInfo: () => Promise.resolve([]) },
            pods: () => [pod],
            files: memory,
          });
          try {
            for (const text of [(await stats.cadvisor()).text(), (await stats.resource()).text()]) {
              const told = toldByText(parseText(text));
              expect(told.every(([, , value]) => !Number.isNaN(value))).toBe(true);
              const series = told.map(([family, labels]) => JSON.stringify([family, labels]));
              expect(new Set(series).size).toBe(series.length);
              expect(toldByOpenMetrics(inFormat(text, 'openmetrics').toString())).toEqual(told);
              expect(toldByMessages(inFormat(text, 'delimited'))).toEqual(told);
            }
            const summary = (await stats.summaryJson(false)).text();
            // JSON has no word for what is no number. A group's start need not be known.
            const nothing: string[] = [];
            const told: unknown = JSON.parse(summary, (key, value: unknown) => {
              if (value === null && key !== 'startTime') nothing.push(key);
              return value;
            });
            expect([told, nothing]).toEqual([expect.objectContaining({ node: expect.objectContaining({ nodeName: 'n' }) as object }), []]);
          } finally {
            stats.close();
          }
        },
      ),
      { numRuns: 60 },
    );
  });
}

/** A machine whose cgroups are mounted like this, and that does nothing by itself. */
function hostWith(mountinfo: string): Host {
  const readFile = ((path: string, encoding: 'utf8') =>
    path === '/proc/self/mountinfo' ? Promise.resolve(mountinfo) : systemHost.files.readFile(path, encoding)) as Host['files']['readFile'];
  return {
    ...systemHost,
    files: { ...systemHost.files, readFile },
    clock: { ...systemHost.clock, every: () => ({ cancel: () => undefined }), sleep: () => Promise.resolve() },
  };
}
