/** What the configuration and the machine settle for all pods. */
import { isAbsolute, join } from 'node:path';
import { parseDuration } from '../../api/duration.ts';
import { readCgroupLayout } from '../../runtime/process/cgroup-layout.ts';
import type { Host } from '../../util/host.ts';
import { memoryField } from '../../util/meminfo.ts';
import type { CgroupDriver } from '../cgroups/names.ts';
import type { KubeletOptions } from '../options.ts';
import { CRASH_BACKOFF } from './backoff.ts';
import type { PodSettings } from './services.ts';

/** Settings of pods, and who writes their cgroups: the runtime says so, or the configuration. */
export async function podSettings(options: KubeletOptions): Promise<PodSettings & { readonly cgroupDriver: CgroupDriver }> {
  const { config, rootDir, podLogsDir, containerLogsDir, cgroupRoot, host, runtime } = options;
  const longest = config.crashLoopBackOff?.maxContainerRestartPeriod;
  return {
    rootDir: isAbsolute(rootDir) ? rootDir : join(process.cwd(), rootDir),
    podLogsDir,
    containerLogsDir,
    cgroupRoot: config.cgroupRoot !== undefined && config.cgroupRoot !== '' ? config.cgroupRoot : cgroupRoot,
    cgroupDriver: (await runtime.cgroupDriver?.()) ?? (config.cgroupDriver === 'systemd' ? 'systemd' : 'cgroupfs'),
    clusterDomain: config.clusterDomain ?? '',
    clusterDNS: config.clusterDNS ?? [],
    seccompDir: join(rootDir, 'seccomp'),
    seccompDefault: config.seccompDefault === true,
    cpuCFSQuota: config.cpuCFSQuota !== false,
    cpuCFSQuotaPeriod: config.cpuCFSQuotaPeriod ?? '100ms',
    podPidsLimit: config.podPidsLimit ?? -1,
    memoryCapacity: await memoryOf(host),
    killsTogether: (await readCgroupLayout(host))?.version === 2 && config.singleProcessOOMKill !== true,
    syncFrequencyMs: parseDuration(config.syncFrequency ?? '1m0s'),
    crashBackoffMaxMs: longest === undefined ? CRASH_BACKOFF.maxMs : parseDuration(longest),
    appArmor: await hasAppArmor(host),
    mayMount: options.mayMount ?? process.getuid?.() === 0,
  };
}

async function hasAppArmor({ files }: Host): Promise<boolean> {
  const enabled = await files.readFile('/sys/module/apparmor/parameters/enabled', 'utf8').catch(() => '');
  return enabled.startsWith('Y') && (await files.readdir('/sys/kernel/security/apparmor').catch(() => [])).length > 0;
}

async function memoryOf({ files }: Host): Promise<number> {
  return memoryField(await files.readFile('/proc/meminfo', 'utf8').catch(() => ''), 'MemTotal') ?? 0;
}
