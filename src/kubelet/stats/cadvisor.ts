/** The text of `/metrics/cadvisor`: one chunk a family, label texts made once a container (cAdvisor `metrics/prometheus.go`). */
import { familyHead } from '../../metrics/exposition.ts';
import { escapeLabel, goFloat } from '../../metrics/family.ts';
import { textBytes, type TextBytes } from '../../metrics/text-bytes.ts';
import { containerFamilies } from './cadvisor-families.ts';
import type { Measured, Snapshot } from './collector.ts';
import type { Disks, FilesystemStats } from './filesystems.ts';
import type { MachineInfo } from './machine-info.ts';
import type { InterfaceStats } from './parse.ts';
import type { LabelPieces, Target } from './targets.ts';

export interface CadvisorInput {
  readonly snapshot: Snapshot;
  /** Undefined until the disks were looked at. */
  readonly disks: Disks | undefined;
  readonly machine: MachineInfo;
  readonly now: number;
}

/** A family; one that writes no samples is left out. */
interface Chunk {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly write: (out: TextBytes) => void;
}

/** One sample of a family that has labels of its own: at most one text in each gap between the pieces of the common labels. */
interface Line {
  readonly labels: LabelPieces;
  /** Before `id`, before `name`, before `pod`, and at the end. */
  readonly own: readonly [string, string, string, string];
  readonly value: number;
  readonly at: number;
}

const whole = ([container, image, name, pod]: LabelPieces): string => `${container},${image},${name},${pod}`;

/** Bytes of the text for one cgroup, about: what is asked for at first. */
const CGROUP_BYTES = 16 * 1024;

export function cadvisorText(input: CadvisorInput): Buffer {
  const { snapshot, disks, machine, now } = input;
  const all = everything(snapshot, machine);
  const chunks: Chunk[] = [
    ...simpleFamilies(all, now),
    cpuUsage(all),
    ...groupedFamilies(all),
    ...networkFamilies(snapshot),
    ...filesystemFamilies(snapshot.root, disks),
    ...deviceFamilies(all, disks),
    ...machineFamilies(machine),
    family(
      'cadvisor_version_info',
      'gauge',
      "A metric with a constant '1' value labeled by kernel version, OS version, docker version, cadvisor version & cadvisor revision.",
      `cadvisor_version_info{cadvisorRevision="",cadvisorVersion="",dockerVersion="",kernelVersion="${escapeLabel(machine.kernelVersion)}",osVersion="${escapeLabel(machine.osVersion)}"} 1\n`,
    ),
    scrapeError(
      'container_scrape_error',
      '1 if there was an error while getting container metrics, 0 otherwise',
      snapshot.root === undefined,
    ),
    scrapeError('machine_scrape_error', '1 if there was an error while getting machine metrics, 0 otherwise.', false),
  ];
  const out = textBytes((all.length + 1) * CGROUP_BYTES);
  for (const { name, type, help, write } of chunks.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const start = out.length();
    out.text(familyHead(name, type, help));
    const head = out.length();
    write(out);
    if (out.length() === head) out.cut(start);
  }
  return out.bytes();
}

const family = (name: string, type: string, help: string, lines: string): Chunk => ({ name, type, help, write: (out) => out.text(lines) });

const scrapeError = (name: string, help: string, failed: boolean): Chunk => family(name, 'gauge', help, `${name} ${failed ? 1 : 0}\n`);

/** Every cgroup that could be read, in the order of its labels. The root's limits are the machine's. */
function everything({ root, groups, pods }: Snapshot, machine: MachineInfo): Measured[] {
  const all = [
    ...groups,
    ...pods.flatMap((pod) => [...(pod.group ? [pod.group] : []), ...(pod.sandbox ? [pod.sandbox] : []), ...pod.containers]),
  ];
  if (root)
    all.push({ ...root, spec: { ...root.spec, memoryLimit: machine.memoryBytes, swapLimit: machine.swapBytes }, madeAt: machine.bootedAt });
  const key = ({ target }: Measured): string => `${target.labels[0]},${target.labels[1]}`;
  return all
    .map((measured): [string, Measured] => [key(measured), measured])
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, measured]) => measured);
}

function simpleFamilies(all: readonly Measured[], now: number): Chunk[] {
  const rows = all.map((measured) => ({
    measured,
    labels: Buffer.from(`{${whole(measured.target.labels)}} `),
    time: Buffer.from(` ${measured.at}\n`),
  }));
  const nowText = Buffer.from(` ${now}\n`);
  const noTime = Buffer.from('\n');
  return containerFamilies.map(({ name, type, help, time, value }) => ({
    name,
    type,
    help,
    write: (out) => {
      const nameText = Buffer.from(name);
      for (const { measured, labels, time: sampled } of rows) {
        const number = value(measured);
        if (number === undefined) continue;
        out.add(nameText);
        out.add(labels);
        out.number(number);
        out.add(time === 'sample' ? sampled : time === 'now' ? nowText : noTime);
      }
    },
  }));
}

function cpuUsage(all: readonly Measured[]): Chunk {
  const name = 'container_cpu_usage_seconds_total';
  let lines = '';
  for (const { target, sample, at } of all) {
    const ns = sample.cpu?.usageNs ?? 0;
    const [container, image, rest, pod] = target.labels;
    if (ns > 0) lines += `${name}{${container},cpu="total",${image},${rest},${pod}} ${goFloat(ns / 1e9)} ${at}\n`;
  }
  return family(name, 'counter', 'Cumulative cpu time consumed in seconds.', lines);
}

/** Samples with labels of their own, in the order of all labels. */
function labelled(name: string, type: string, help: string, lines: readonly Line[]): Chunk {
  const texts = lines.map(({ labels: [container, image, rest, pod], own: [id, names, pods, end], value, at }) => {
    const gap = (text: string): string => (text === '' ? '' : `${text},`);
    return `${name}{${container},${gap(id)}${image},${gap(names)}${rest},${gap(pods)}${pod}${end === '' ? '' : `,${end}`}} ${goFloat(value)} ${at}\n`;
  });
  texts.sort();
  const write = (out: TextBytes): void => texts.forEach((text) => out.text(text));
  return { name, type, help, write };
}

function groupedFamilies(all: readonly Measured[]): Chunk[] {
  const failures: Line[] = [];
  const tasks: Line[] = [];
  const ulimits: Line[] = [];
  for (const { target, sample, processes, at } of all) {
    const { labels } = target;
    const add = (lines: Line[], value: number | undefined, own: Line['own']): void => {
      if (value !== undefined) lines.push({ labels, own, value, at });
    };
    if (sample.memory)
      for (const scope of ['container', 'hierarchy']) {
        add(failures, sample.memory.pageFaults, ['failure_type="pgfault"', '', '', `scope="${scope}"`]);
        add(failures, sample.memory.majorPageFaults, ['failure_type="pgmajfault"', '', '', `scope="${scope}"`]);
      }
    if (processes) for (const [state, count] of Object.entries(processes.tasks)) add(tasks, count, ['', '', '', `state="${state}"`]);
    if (target.kind !== 'group' && target.kind !== 'pod') add(ulimits, processes?.maxOpenFiles, ['', '', '', 'ulimit="max_open_files"']);
  }
  return [
    labelled('container_memory_failures_total', 'counter', 'Cumulative count of memory allocation failures.', failures),
    labelled('container_tasks_state', 'gauge', 'Number of tasks in given state', tasks),
    labelled(
      'container_ulimits_soft',
      'gauge',
      'Soft ulimit values for the container root process. Unlimited if -1, except priority and nice',
      ulimits,
    ),
  ];
}

const NETWORK: readonly [name: string, help: string, value: (i: InterfaceStats) => number][] = [
  ['receive_bytes_total', 'Cumulative count of bytes received', (i) => i.rxBytes],
  ['receive_errors_total', 'Cumulative count of errors encountered while receiving', (i) => i.rxErrors],
  ['receive_packets_dropped_total', 'Cumulative count of packets dropped while receiving', (i) => i.rxDropped],
  ['receive_packets_total', 'Cumulative count of packets received', (i) => i.rxPackets],
  ['transmit_bytes_total', 'Cumulative count of bytes transmitted', (i) => i.txBytes],
  ['transmit_errors_total', 'Cumulative count of errors encountered while transmitting', (i) => i.txErrors],
  ['transmit_packets_dropped_total', 'Cumulative count of packets dropped while transmitting', (i) => i.txDropped],
  ['transmit_packets_total', 'Cumulative count of packets transmitted', (i) => i.txPackets],
];

/** The root's network is the machine's; a pod's is shown by its sandbox. */
function networkFamilies({ root, rootNetwork, pods, at: rootAt }: Snapshot): Chunk[] {
  const from: { readonly target: Target; readonly network: readonly InterfaceStats[]; readonly at: number }[] = [
    ...(root ? [{ target: root.target, network: rootNetwork, at: rootAt }] : []),
    ...pods.flatMap(({ targets, network, networkAt }) => (network ? [{ target: targets.sandboxTarget, network, at: networkAt }] : [])),
  ];
  return NETWORK.map(([suffix, help, value]) =>
    labelled(
      `container_network_${suffix}`,
      'counter',
      help,
      from.flatMap(({ target, network, at }) =>
        network.map((i): Line => ({ labels: target.labels, own: ['', `interface="${escapeLabel(i.name)}"`, '', ''], value: value(i), at })),
      ),
    ),
  );
}

type DiskValue = (f: FilesystemStats, disks: Disks) => number | undefined;
const disk =
  (pick: (d: NonNullable<ReturnType<Disks['disks']['get']>>) => number): DiskValue =>
  ({ major, minor }, { disks }) => {
    const found = disks.get(`${major}:${minor}`);
    return found && pick(found);
  };

const FILESYSTEM: readonly [name: string, type: 'counter' | 'gauge', help: string, value: DiskValue][] = [
  ['inodes_free', 'gauge', 'Number of available Inodes', (f) => f.inodesFree],
  ['inodes_total', 'gauge', 'Number of Inodes', (f) => f.inodes],
  ['io_current', 'gauge', 'Number of I/Os currently in progress', disk((d) => d.inFlight)],
  ['io_time_seconds_total', 'counter', 'Cumulative count of seconds spent doing I/Os', disk((d) => d.ioMs / 1000)],
  ['io_time_weighted_seconds_total', 'counter', 'Cumulative weighted I/O time in seconds', disk((d) => d.weightedMs / 1000)],
  ['limit_bytes', 'gauge', 'Number of bytes that can be consumed by the container on this filesystem.', (f) => f.capacityBytes],
  ['read_seconds_total', 'counter', 'Cumulative count of seconds spent reading', disk((d) => d.readMs / 1000)],
  ['reads_merged_total', 'counter', 'Cumulative count of reads merged', disk((d) => d.readsMerged)],
  ['sector_reads_total', 'counter', 'Cumulative count of sector reads completed', disk((d) => d.sectorsRead)],
  ['sector_writes_total', 'counter', 'Cumulative count of sector writes completed', disk((d) => d.sectorsWritten)],
  ['usage_bytes', 'gauge', 'Number of bytes that are consumed by the container on this filesystem.', (f) => f.usedBytes],
  ['write_seconds_total', 'counter', 'Cumulative count of seconds spent writing', disk((d) => d.writeMs / 1000)],
  ['writes_merged_total', 'counter', 'Cumulative count of writes merged', disk((d) => d.writesMerged)],
];

function filesystemFamilies(root: Measured | undefined, disks: Disks | undefined): Chunk[] {
  if (root === undefined || disks === undefined) return [];
  return FILESYSTEM.map(([suffix, type, help, value]) =>
    labelled(
      `container_fs_${suffix}`,
      type,
      help,
      disks.filesystems.flatMap((f): Line[] => {
        const number = value(f, disks);
        if (number === undefined) return [];
        return [{ labels: root.target.labels, own: [`device="${escapeLabel(f.device)}"`, '', '', ''], value: number, at: disks.at }];
      }),
    ),
  );
}

/** What each cgroup moved to and from block devices; the root's requests are those of its disks. */
function deviceFamilies(all: readonly Measured[], disks: Disks | undefined): Chunk[] {
  const usage: Line[] = [];
  const families = { reads_bytes: [] as Line[], writes_bytes: [] as Line[], reads: [] as Line[], writes: [] as Line[] };
  for (const { target, sample, at } of all) {
    const { labels, kind } = target;
    for (const { major, minor, readBytes, writeBytes, reads, writes } of sample.io ?? []) {
      const name = disks?.disks.get(`${major}:${minor}`)?.name;
      const device = `device="${name === undefined ? '' : `/dev/${escapeLabel(name)}`}"`;
      for (const [operation, value] of [
        ['Read', readBytes],
        ['Write', writeBytes],
      ] as const)
        usage.push({ labels, own: [device, `major="${major}",minor="${minor}"`, `operation="${operation}"`, ''], value, at });
      const line = (value: number): Line => ({ labels, own: [device, '', '', ''], value, at });
      families.reads_bytes.push(line(readBytes));
      families.writes_bytes.push(line(writeBytes));
      if (kind === 'root') continue;
      families.reads.push(line(reads));
      families.writes.push(line(writes));
    }
    if (kind !== 'root' || disks === undefined) continue;
    for (const f of disks.filesystems) {
      const own: Line['own'] = [`device="${escapeLabel(f.device)}"`, '', '', ''];
      const found = disks.disks.get(`${f.major}:${f.minor}`);
      if (found === undefined) continue;
      families.reads.push({ labels, own, value: found.reads, at: disks.at });
      families.writes.push({ labels, own, value: found.writes, at: disks.at });
    }
  }
  return [
    labelled('container_blkio_device_usage_total', 'counter', 'Blkio Device bytes usage', usage),
    labelled('container_fs_reads_bytes_total', 'counter', 'Cumulative count of bytes read', families.reads_bytes),
    labelled('container_fs_writes_bytes_total', 'counter', 'Cumulative count of bytes written', families.writes_bytes),
    labelled('container_fs_reads_total', 'counter', 'Cumulative count of reads completed', families.reads),
    labelled('container_fs_writes_total', 'counter', 'Cumulative count of writes completed', families.writes),
  ];
}

/** Books and drawers are parts of mainframes: every other machine has none. */
function machineFamilies(machine: MachineInfo): Chunk[] {
  const head = `boot_id="${escapeLabel(machine.bootId)}",machine_id="${escapeLabel(machine.machineId)}"`;
  const tail = `system_uuid="${escapeLabel(machine.systemUuid)}"`;
  const mainframe = process.arch === 's390x';
  const gauge = (name: string, help: string, lines: string): Chunk => family(`machine_${name}`, 'gauge', help, lines);
  const one = (name: string, help: string, value: number | undefined): Chunk =>
    gauge(name, help, value === undefined ? '' : `machine_${name}{${head},${tail}} ${goFloat(value)}\n`);
  const nvm = machine.persistentMemory ? undefined : 0;
  const modes = ['app_direct_mode', 'memory_mode'].map((mode) => `machine_nvm_capacity{${head},mode="${mode}",${tail}} 0\n`).join('');
  const dimms = (name: string, help: string, value: (d: { count: number; bytes: number }) => number): Chunk =>
    gauge(
      name,
      help,
      [...machine.dimms]
        .map(([type, d]) => `machine_${name}{${head},${tail},type="${escapeLabel(type)}"} ${goFloat(value(d))}\n`)
        .sort()
        .join(''),
    );
  return [
    one('cpu_books', 'Number of CPU books.', mainframe ? undefined : 0),
    one('cpu_cores', 'Number of logical CPU cores.', machine.cores),
    one('cpu_drawers', 'Number of CPU drawers.', mainframe ? undefined : 0),
    one('cpu_physical_cores', 'Number of physical CPU cores.', machine.physicalCores),
    one('cpu_sockets', 'Number of CPU sockets.', machine.sockets),
    dimms('dimm_capacity_bytes', 'Total RAM DIMM capacity (all types memory modules) value labeled by dimm type.', (d) => d.bytes),
    dimms('dimm_count', 'Number of RAM DIMM (all types memory modules) value labeled by dimm type.', (d) => d.count),
    one('memory_bytes', 'Amount of memory installed on the machine.', machine.memoryBytes),
    one('nvm_avg_power_budget_watts', 'NVM power budget.', nvm),
    gauge('nvm_capacity', 'NVM capacity value labeled by NVM mode (memory mode or app direct mode).', nvm === undefined ? '' : modes),
    one('swap_bytes', 'Amount of swap memory available on the machine.', machine.swapBytes),
  ];
}
