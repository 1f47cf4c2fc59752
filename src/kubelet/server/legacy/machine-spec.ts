/** `GET /spec/`: the machine in cAdvisor's form, as kubelets before 1.21 told it (google/cadvisor `info/v1/machine.go`, `machine/machine.go`). */
import { sendText } from '../../../net/respond.ts';
import { errorText } from '../../../util/log.ts';
import type { Host } from '../../../util/host.ts';
import { readMachine } from '../../node/machine.ts';
import type { Disks } from '../../stats/filesystems.ts';
import { readMachineInfo, type MachineInfo } from '../../stats/machine-info.ts';
import { goJson } from '../go-json.ts';
import type { Handler } from '../request.ts';

const SECTOR = 512;
const KIB = 1024;

export const machineSpecEndpoint: Handler = async ({ exchange, context }) => {
  try {
    const text = goJson(await machineSpec(context.host, await context.measurements.disks?.()), 1);
    sendText(exchange, 200, text, { 'Content-Type': 'application/json' });
  } catch (error) {
    sendText(exchange, 500, errorText(error));
  }
};

async function machineSpec(host: Host, known: Disks | undefined): Promise<Record<string, unknown>> {
  const [machine, basics, maxKhz, cpuinfo, devices, interfaces] = await Promise.all([
    readMachineInfo(host, '/'),
    readMachine(host.files, '/'),
    host.files.readFile('/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq', 'utf8').catch(() => ''),
    host.files.readFile('/proc/cpuinfo', 'utf8').catch(() => ''),
    diskMap(host),
    networkDevices(host),
  ]);
  const mhz = Number(/^cpu MHz\s*:\s*([\d.]+)$/m.exec(cpuinfo)?.[1] ?? 0);
  return {
    timestamp: new Date(host.clock.now()).toISOString(),
    vendor_id: /^vendor_id\s*:\s*(\S+)$/m.exec(cpuinfo)?.[1] ?? '',
    num_cores: machine.cores,
    num_physical_cores: machine.physicalCores,
    num_sockets: machine.sockets,
    cpu_frequency_khz: Number(maxKhz) || Math.round(mhz * 1000),
    memory_capacity: machine.memoryBytes,
    swap_capacity: machine.swapBytes,
    memory_by_type: memoryByType(machine),
    // The key has a space in the original.
    nvm: { memory_mode_capacity: 0, 'app direct_mode_capacity': 0, avg_power_budget: 0 },
    hugepages: await hugepages(host),
    machine_id: machine.machineId,
    system_uuid: basics.systemUUID,
    boot_id: machine.bootId,
    filesystems: (known?.filesystems ?? []).map(({ device, capacityBytes, inodes }) => ({
      device,
      capacity: capacityBytes,
      type: 'vfs',
      inodes,
      has_inodes: inodes > 0,
    })),
    disk_map: devices,
    network_devices: interfaces,
    topology: topologyOf(cpuinfo, machine.memoryBytes),
    cloud_provider: 'Unknown',
    instance_type: 'Unknown',
    instance_id: 'None',
  };
}

function memoryByType({ dimms }: MachineInfo): Record<string, unknown> {
  return Object.fromEntries([...dimms].map(([type, { count, bytes }]) => [type, { capacity: bytes, dimm_count: count }]));
}

async function hugepages({ files }: Host): Promise<unknown[]> {
  const directory = '/sys/kernel/mm/hugepages';
  const names = await files.readdir(directory).catch(() => []);
  return Promise.all(
    names.flatMap((name) => {
      const size = /^hugepages-(\d+)kB$/.exec(name)?.[1];
      if (size === undefined) return [];
      const count = files.readFile(`${directory}/${name}/nr_hugepages`, 'utf8').catch(() => '0');
      return [count.then((text) => ({ page_size: Number(size), num_pages: Number(text) }))];
    }),
  );
}

/** Whole disks, by `major:minor`. */
async function diskMap({ files }: Host): Promise<Record<string, unknown>> {
  const map: Record<string, unknown> = {};
  for (const name of await files.readdir('/sys/block').catch(() => [])) {
    if (/^(loop|ram|sr)\d/.test(name)) continue;
    const text = (file: string): Promise<string> => files.readFile(`/sys/block/${name}/${file}`, 'utf8').catch(() => '');
    const [device, size, scheduler] = await Promise.all([text('dev'), text('size'), text('queue/scheduler')]);
    const [, major, minor] = /^(\d+):(\d+)/.exec(device) ?? [];
    if (major === undefined || minor === undefined) continue;
    map[`${major}:${minor}`] = {
      name,
      major: Number(major),
      minor: Number(minor),
      size: Number(size) * SECTOR,
      scheduler: /\[(.+)\]/.exec(scheduler)?.[1] ?? 'none',
    };
  }
  return map;
}

async function networkDevices({ files }: Host): Promise<unknown[]> {
  const names = await files.readdir('/sys/class/net').catch(() => []);
  const shown = names.filter((name) => !/^(lo|veth|docker|nerdctl|nl[0-9a-f]{12}$)/.test(name)).sort();
  return Promise.all(
    shown.map(async (name) => {
      const text = (file: string): Promise<string> => files.readFile(`/sys/class/net/${name}/${file}`, 'utf8').catch(() => '');
      const [address, mtu, speed] = await Promise.all([text('address'), text('mtu'), text('speed')]);
      return { name, mac_address: address.trim(), speed: Number(speed), mtu: Number(mtu) };
    }),
  );
}

/** Sockets with their cores and threads, as `/proc/cpuinfo` names them. */
function topologyOf(cpuinfo: string, memory: number): unknown[] {
  const sockets = new Map<number, Map<number, number[]>>();
  for (const block of cpuinfo.split('\n\n')) {
    const number = (name: string): number | undefined => {
      const found = new RegExp(`^${name}\\s*: (\\d+)$`, 'm').exec(block)?.[1];
      return found === undefined ? undefined : Number(found);
    };
    const thread = number('processor');
    if (thread === undefined) continue;
    const cores = sockets.get(number('physical id') ?? 0) ?? new Map<number, number[]>();
    sockets.set(number('physical id') ?? 0, cores);
    const core = number('core id') ?? thread;
    cores.set(core, [...(cores.get(core) ?? []), thread]);
  }
  const kib = Math.floor(memory / KIB) * KIB;
  return [...sockets].map(([node, cores]) => ({
    node_id: node,
    memory: Math.floor(kib / sockets.size),
    hugepages: null,
    cores: [...cores].map(([core, threads]) => ({ core_id: core, thread_ids: threads, caches: null, socket_id: node })),
    caches: null,
  }));
}
