/** Helpers of this folder's tests: kernel files in memory, and pods that run. */
import type { ContainerRuntimeStatus, PodSandboxStatus } from '../../runtime/runtime.ts';
import type { CgroupLayout } from '../../runtime/process/cgroup-layout.ts';
import { CONTAINER_NAME } from '../spec/labels.ts';
import type { StatFiles } from './stat-files.ts';
import type { MeasuredPod } from './targets.ts';

/** Files by path; one whose text is an error throws it when it is read. */
export interface MemoryFiles extends StatFiles {
  readonly texts: Map<string, string | Error>;
  readonly opened: Set<number>;
}

export function memoryFiles(texts: Record<string, string | Error> = {}): MemoryFiles {
  const map = new Map(Object.entries(texts));
  const opened = new Set<number>();
  const paths = new Map<number, string>();
  let next = 3;
  const find = (path: string): string => {
    const text = map.get(path);
    if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    if (text instanceof Error) throw text;
    return text;
  };
  return {
    texts: map,
    opened,
    open(path) {
      if (!map.has(path)) find(path);
      const fd = next++;
      opened.add(fd);
      paths.set(fd, path);
      return fd;
    },
    read(fd, buffer, offset, position) {
      return buffer.write(find(paths.get(fd) ?? '').slice(position), offset, 'latin1');
    },
    close: (fd) => void opened.delete(fd),
    readFile: find,
    readdir: (path) => {
      const names = [...map.keys()].filter((p) => p.startsWith(`${path}/`)).map((p) => p.slice(path.length + 1));
      if (names.length === 0) throw new Error(`ENOENT: ${path}`);
      return names;
    },
    readlink: find,
    modifiedAt: (path) => {
      if (![...map.keys()].some((p) => p === path || p.startsWith(`${path}/`))) throw new Error('ENOENT');
      return 1_700_000_000_000;
    },
  };
}

export const LAYOUT_V1: CgroupLayout = {
  version: 1,
  controllers: new Map(['cpu', 'cpuacct', 'memory', 'pids', 'blkio'].map((name) => [name, `/cg/${name}`])),
  unified: '/cg/unified',
};
export const LAYOUT_V2: CgroupLayout = { version: 2, controllers: new Map(), unified: '/cg' };

/** The files of one cgroup of version 1 that has used `ms` of CPU and `bytes` of memory. */
export function cgroupV1(path: string, ms: number, bytes: number): Record<string, string> {
  return {
    [`/cg/cpuacct${path}/cpuacct.usage`]: `${ms * 1e6}\n`,
    [`/cg/cpuacct${path}/cpuacct.stat`]: 'user 100\nsystem 50\n',
    [`/cg/cpu${path}/cpu.cfs_quota_us`]: '20000\n',
    [`/cg/cpu${path}/cpu.cfs_period_us`]: '100000\n',
    [`/cg/cpu${path}/cpu.shares`]: '204\n',
    [`/cg/cpu${path}/cpu.stat`]: 'nr_periods 10\nnr_throttled 2\nthrottled_time 3000000000\n',
    [`/cg/cpu${path}/cgroup.procs`]: '77\n',
    [`/cg/cpu${path}/cgroup.clone_children`]: '0\n',
    [`/cg/memory${path}/memory.usage_in_bytes`]: `${bytes}\n`,
    [`/cg/memory${path}/memory.limit_in_bytes`]: '9223372036854771712\n',
    [`/cg/memory${path}/memory.stat`]: 'pgfault 5\npgmajfault 1\ntotal_inactive_file 1024\ntotal_rss 2048\ntotal_cache 4096\n',
    [`/cg/pids${path}/pids.current`]: '3\n',
    [`/cg/pids${path}/pids.max`]: 'max\n',
    [`/cg/blkio${path}/blkio.throttle.io_service_bytes_recursive`]: '8:0 Read 1\n8:0 Write 2\nTotal 3\n',
    [`/cg/blkio${path}/blkio.throttle.io_serviced_recursive`]: '8:0 Read 3\n8:0 Write 4\nTotal 7\n',
    [`/cg/unified${path}/cpu.pressure`]: 'some avg10=0.00 avg60=0.00 avg300=0.00 total=2000000\n',
  };
}

/** The same of version 2. */
export function cgroupV2(path: string, ms: number, bytes: number): Record<string, string> {
  const pressure = 'some avg10=0.00 avg60=0.00 avg300=0.00 total=2000000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1\n';
  return {
    [`/cg${path}/cpu.stat`]: `usage_usec ${ms * 1000}\nuser_usec 600\nsystem_usec 400\nnr_periods 5\nnr_throttled 1\nthrottled_usec 20\n`,
    [`/cg${path}/cpu.max`]: '50000 100000\n',
    [`/cg${path}/cpu.weight`]: '100\n',
    [`/cg${path}/memory.current`]: `${bytes}\n`,
    [`/cg${path}/memory.peak`]: `${bytes}\n`,
    [`/cg${path}/memory.max`]: 'max\n',
    [`/cg${path}/memory.swap.current`]: '1\n',
    [`/cg${path}/memory.swap.max`]: 'max\n',
    [`/cg${path}/memory.stat`]: 'anon 1\nfile 2\nkernel 3\ninactive_file 192\npgfault 5\npgmajfault 1\n',
    [`/cg${path}/memory.events`]: 'low 0\nhigh 0\nmax 4\noom 2\noom_kill 3\n',
    [`/cg${path}/pids.current`]: '3\n',
    [`/cg${path}/pids.max`]: 'max\n',
    [`/cg${path}/cgroup.procs`]: '77\n',
    [`/cg${path}/cgroup.events`]: 'populated 1\nfrozen 0\n',
    [`/cg${path}/io.stat`]: '8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n',
    ...Object.fromEntries(['cpu', 'memory', 'io'].map((resource) => [`/cg${path}/${resource}.pressure`, pressure])),
  };
}

export const ID = 'c'.repeat(64);

/** A pod with one running container, `main`. */
export function runningPod(name: string, id = ID): MeasuredPod {
  const container = {
    id,
    sandboxId: `s-${name}`,
    metadata: { name: 'main', attempt: 0 },
    image: 'busybox',
    imageRef: 'sha256:1',
    state: 'running',
    createdAt: 1_700_000_000_500,
    startedAt: 1_700_000_001_000,
    labels: { [CONTAINER_NAME]: 'main' },
    annotations: {},
    logPath: '',
    pid: 77,
  } as unknown as ContainerRuntimeStatus;
  const sandbox = { id: `s-${name}`, state: 'ready', createdAt: 1_700_000_000_000, network: 'pod' } as unknown as PodSandboxStatus;
  return {
    pod: {
      metadata: { name, namespace: 'web', uid: `uid-${name}` },
      spec: { containers: [{ name: 'main' }] },
      status: { phase: 'Running' },
    },
    observed: { sandboxes: [sandbox], containers: [container] },
  };
}
