import { RuntimeError } from '../runtime.ts';

/** Every capability of Linux 5.9 and later, by number (include/uapi/linux/capability.h). */
export const allCapabilities: readonly string[] = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
];

/** What a container has when nobody says otherwise (containerd `oci.WithDefaultSpec`). */
export const defaultCapabilities: readonly string[] = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FSETID',
  'FOWNER',
  'MKNOD',
  'NET_RAW',
  'SETGID',
  'SETUID',
  'SETFCAP',
  'SETPCAP',
  'NET_BIND_SERVICE',
  'SYS_CHROOT',
  'KILL',
  'AUDIT_WRITE',
];

export interface CapabilityRequest {
  readonly privileged: boolean;
  readonly add: readonly string[];
  readonly drop: readonly string[];
}

/**
 * The capabilities of a container in order of their numbers; `ALL` works in both lists, and `add` wins
 * over `drop: [ALL]` but not over a drop by name (containerd `container_create_linux.go`).
 * Throws `invalidArgument` for a name that no kernel knows.
 */
export function containerCapabilities(request: CapabilityRequest, defaults: readonly string[] = defaultCapabilities): string[] {
  if (request.privileged) return [...allCapabilities];
  const add = request.add.map(capabilityName);
  const drop = request.drop.map(capabilityName);
  const set = new Set(add.includes('ALL') ? allCapabilities : defaults);
  if (drop.includes('ALL')) set.clear();
  for (const name of add) if (name !== 'ALL') set.add(name);
  if (add.includes('ALL')) for (const name of allCapabilities) set.add(name);
  for (const name of drop) set.delete(name);
  return allCapabilities.filter((name) => set.has(name));
}

/** Arguments that make `setpriv` keep exactly these capabilities. */
export function capabilityArguments(capabilities: readonly string[]): string[] {
  if (capabilities.length === allCapabilities.length) return ['--inh-caps', '-all'];
  return ['--inh-caps', '-all', '--bounding-set', ['-all', ...capabilities.map((name) => `+${name.toLowerCase()}`)].join(',')];
}

function capabilityName(text: string): string {
  const name = text.toUpperCase().replace(/^CAP_/, '');
  if (name !== 'ALL' && !allCapabilities.includes(name)) throw new RuntimeError('invalidArgument', `unknown capability "CAP_${name}"`);
  return name;
}
