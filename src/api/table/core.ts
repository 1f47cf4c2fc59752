/** How the kinds of the core group show in a Table (`pkg/printers/internalversion/printers.go`). */
import { BETA_CLASS } from '../storage.ts';
import type { Event, Loose, Node, ObjectOf, Service } from '../types.ts';
import { NONE, UNKNOWN, UNSET, accessModes, age, firstThree, labelText } from './cells.ts';
import type { Cells, PrintContext } from './cells.ts';

const ROLE_LABEL = 'node-role.kubernetes.io/';

export function nodeCells(node: Loose<Node>): Cells {
  const ready = (node.status?.conditions ?? []).find((c) => c.type === 'Ready')?.status;
  const state = ready === undefined ? 'Unknown' : ready === 'True' ? 'Ready' : 'NotReady';
  const labels = Object.entries(node.metadata?.labels ?? {});
  const roles = labels.flatMap(([key, value = '']) => {
    if (key.startsWith(ROLE_LABEL) && key.length > ROLE_LABEL.length) return [key.slice(ROLE_LABEL.length)];
    return key === 'kubernetes.io/role' && value !== '' ? [value] : [];
  });
  const address = (type: string): string => (node.status?.addresses ?? []).find((a) => a.type === type)?.address ?? NONE;
  const info = node.status?.nodeInfo ?? {};
  const kernel = info.kernelVersion || UNKNOWN;
  return {
    Status: node.spec?.unschedulable === true ? `${state},SchedulingDisabled` : state,
    Roles: [...new Set(roles)].toSorted().join(',') || NONE,
    Version: info.kubeletVersion ?? '',
    'Internal-IP': address('InternalIP'),
    'External-IP': address('ExternalIP'),
    'OS-Image': info.osImage || UNKNOWN,
    'Kernel-Version': info.architecture ? `${kernel} (${info.architecture})` : kernel,
    'Container-Runtime': info.containerRuntimeVersion || UNKNOWN,
  };
}

export function serviceCells(service: Loose<Service>): Cells {
  const spec = service.spec ?? {};
  const ports = (spec.ports ?? []).map(
    ({ port = 0, nodePort, protocol = 'TCP' }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol}`,
  );
  return {
    Type: spec.type ?? '',
    'Cluster-IP': spec.clusterIPs?.[0] || spec.clusterIP || NONE,
    'External-IP': externalIp(service),
    'Port(s)': ports.join(',') || NONE,
    Selector: labelText(spec.selector),
  };
}

function externalIp({ spec = {}, status = {} }: Loose<Service>): string {
  const own = spec.externalIPs ?? [];
  if (spec.type === 'ClusterIP' || spec.type === 'NodePort') return own.join(',') || NONE;
  if (spec.type === 'ExternalName') return spec.externalName ?? '';
  if (spec.type !== 'LoadBalancer') return UNKNOWN;
  const given = (status.loadBalancer?.ingress ?? []).map((i) => i.ip || i.hostname || '').filter((ip) => ip !== '');
  return [...new Set(given)].toSorted().concat(own).join(',') || '<pending>';
}

export function endpointsCells({ subsets = [] }: Loose<ObjectOf<'core/v1.Endpoints'>>): Cells {
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map((a) => a.ip ?? '')
      : ports.flatMap((port) => addresses.map((a) => `${joinHost(a.ip ?? '')}:${port.port ?? 0}`)),
  );
  return { Endpoints: firstThree(all, NONE) };
}
const joinHost = (ip: string): string => (ip.includes(':') ? `[${ip}]` : ip);

/** An event of either group: the newer one has its old fields under `deprecated…`. */
type AnyEvent = Loose<Event> & Loose<ObjectOf<'events/v1.Event'>>;

export function eventCells(event: AnyEvent, context: PrintContext): Cells {
  const first = event.firstTimestamp ?? event.deprecatedFirstTimestamp ?? event.eventTime;
  const last = event.series?.lastObservedTime ?? event.lastTimestamp ?? event.deprecatedLastTimestamp;
  const about = event.involvedObject ?? event.regarding ?? {};
  const source = event.source ?? event.deprecatedSource ?? {};
  const component = source.component || event.reportingComponent || event.reportingController || '';
  const host = source.host || event.reportingInstance || '';
  const count = event.series?.count ?? event.count ?? event.deprecatedCount ?? 0;
  const name = about.name ?? '';
  return {
    'Last Seen': age(last ?? first, context),
    Type: event.type ?? '',
    Reason: event.reason ?? '',
    Object: about.kind ? `${about.kind.toLowerCase()}/${name}` : name,
    Subobject: about.fieldPath ?? '',
    Source: host === '' ? component : `${component}, ${host}`,
    Message: (event.message ?? event.note ?? '').trim(),
    'First Seen': age(first, context),
    Count: count === 0 ? 1 : count,
    Name: event.metadata?.name ?? '',
  };
}

export function claimCells({ metadata, spec = {}, status = {} }: Loose<ObjectOf<'core/v1.PersistentVolumeClaim'>>): Cells {
  const bound = (spec.volumeName ?? '') !== '';
  return {
    Status: metadata?.deletionTimestamp === undefined ? (status.phase ?? '') : 'Terminating',
    Volume: spec.volumeName ?? '',
    Capacity: bound ? (status.capacity?.['storage'] ?? '0') : '',
    'Access Modes': bound ? accessModes(status.accessModes) : '',
    StorageClass: spec.storageClassName ?? metadata?.annotations?.[BETA_CLASS] ?? '',
    VolumeAttributesClass: spec.volumeAttributesClassName ?? UNSET,
    VolumeMode: spec.volumeMode ?? UNSET,
  };
}

export function volumeCells({ metadata, spec = {}, status = {} }: Loose<ObjectOf<'core/v1.PersistentVolume'>>): Cells {
  const { claimRef } = spec;
  return {
    Capacity: spec.capacity?.['storage'] ?? '0',
    'Access Modes': accessModes(spec.accessModes),
    'Reclaim Policy': spec.persistentVolumeReclaimPolicy ?? '',
    Status: metadata?.deletionTimestamp === undefined ? (status.phase ?? '') : 'Terminating',
    Claim: claimRef === undefined ? '' : `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}`,
    StorageClass: spec.storageClassName ?? '',
    VolumeAttributesClass: spec.volumeAttributesClassName ?? UNSET,
    Reason: status.reason ?? '',
    VolumeMode: spec.volumeMode ?? UNSET,
  };
}

export function quotaCells({ status = {} }: Loose<ObjectOf<'core/v1.ResourceQuota'>>): Cells {
  const entries = Object.entries(status.hard ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const text = (limits: boolean): string =>
    entries
      .filter(([name]) => name.startsWith('limits') === limits)
      .map(([name, hard = '0']) => `${name}: ${status.used?.[name] ?? '0'}/${hard}`)
      .join(', ');
  return { Request: text(false), Limit: text(true) };
}

export function componentCells({ conditions = [] }: Loose<ObjectOf<'core/v1.ComponentStatus'>>): Cells {
  const healthy = conditions.find((c) => c.type === 'Healthy');
  return {
    Status: healthy === undefined ? 'Unknown' : healthy.status === 'True' ? 'Healthy' : 'Unhealthy',
    Message: healthy?.message ?? '',
    Error: healthy?.error ?? '',
  };
}
