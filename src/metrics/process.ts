/** What Linux says of this process, in the families of client_golang's process collector. */
import type { Host } from '../util/host.ts';
import { computed, type MetricFamily } from './family.ts';

/** Clock ticks of `/proc` a second: fixed in Linux's interface to programs. */
const TICKS = 100;
/** What an unlimited size is shown as. */
const UNLIMITED = 2 ** 64;

/** Families of this process as they stand. What the system does not tell is left out. */
export async function processFamilies(host: Host, startedAtMs: number): Promise<MetricFamily[]> {
  const read = (name: string): Promise<string> => host.files.readFile(`/proc/self/${name}`, 'utf8').catch(() => '');
  const descriptors = openDescriptors(host);
  const [stat, limits, net, open] = await Promise.all([read('stat'), read('limits'), read('net/netstat'), descriptors]);
  // The name in brackets may hold anything; the numbers begin behind it.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [user = Number.NaN, system = Number.NaN] = fields.slice(11);
  const found: [type: 'counter' | 'gauge', name: string, help: string, value: number][] = [
    ['counter', 'process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.', (user + system) / TICKS],
    ['gauge', 'process_open_fds', 'Number of open file descriptors.', open],
    ['gauge', 'process_max_fds', 'Maximum number of open file descriptors.', limit(limits, 'Max open files')],
    ['gauge', 'process_resident_memory_bytes', 'Resident memory size in bytes.', process.memoryUsage.rss()],
    ['gauge', 'process_virtual_memory_bytes', 'Virtual memory size in bytes.', fields[20] ?? Number.NaN],
    [
      'gauge',
      'process_virtual_memory_max_bytes',
      'Maximum amount of virtual memory available in bytes.',
      limit(limits, 'Max address space'),
    ],
    [
      'counter',
      'process_network_receive_bytes_total',
      'Number of bytes received by the process over the network.',
      octets(net, 'InOctets'),
    ],
    ['counter', 'process_network_transmit_bytes_total', 'Number of bytes sent by the process over the network.', octets(net, 'OutOctets')],
    ['gauge', 'process_start_time_seconds', 'Start time of the process since unix epoch in seconds.', startedAtMs / 1000],
  ];
  return found.filter(([, , , value]) => !Number.isNaN(value)).map(([type, name, help, value]) => computed(type, name, help, () => value));
}

/** Linux tells their number as the size of the directory since 6.2; before, they are counted. */
async function openDescriptors(host: Host): Promise<number> {
  try {
    const { size } = await host.files.stat('/proc/self/fd');
    const open = size > 0 ? size : (await host.files.readdir('/proc/self/fd')).length;
    return open > 0 ? open : Number.NaN;
  } catch {
    return Number.NaN;
  }
}

function limit(limits: string, name: string): number {
  const line = limits.split('\n').find((l) => l.startsWith(name));
  const soft = line?.slice(name.length).trim().split(/\s+/)[0];
  return soft === 'unlimited' ? UNLIMITED : Number(soft ?? Number.NaN);
}

/** A column of the `IpExt` table, whose first line names the columns. */
function octets(netstat: string, column: string): number {
  const [names = [], values = []] = netstat
    .split('\n')
    .filter((line) => line.startsWith('IpExt:'))
    .map((line) => line.split(' '));
  const at = names.indexOf(column);
  return at < 0 ? Number.NaN : Number(values[at] ?? Number.NaN);
}
