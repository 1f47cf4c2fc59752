/** Which pods stand behind a Service, and on which ports (`pkg/controller/util/endpoint`, `k8s.io/endpointslice/utils.go`). */
import { matcherOf } from '../../api/selectors.ts';
import type { Pod, Service, Stored } from '../../api/types.ts';

export interface MemberPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly appProtocol?: string;
}

/** A pod behind a Service, by one address family. */
export interface Member {
  readonly ip: string;
  readonly pod: Stored<Pod>;
  /** What the pod says of itself. */
  readonly serving: boolean;
  readonly terminating: boolean;
  /** The name under which the Service's DNS knows the pod. */
  readonly hostname?: string;
  readonly ports: readonly MemberPort[];
}

export type Family = 'IPv4' | 'IPv6';

/** Whether the Service has endpoints of its own making at all: without a selector its user names them. */
export function hasSelector(service: Stored<Service>): boolean {
  return Object.keys(service.spec.selector ?? {}).length > 0;
}

export function selects(service: Stored<Service>, pod: Stored<Pod>): boolean {
  return (
    hasSelector(service) &&
    pod.metadata.namespace === service.metadata.namespace &&
    matcherOf({ matchLabels: service.spec.selector ?? {} }).matches(pod.metadata.labels ?? {})
  );
}

/** The pods of the Service that have an address of the family and have not ended, by name. */
export function membersOf(service: Stored<Service>, pods: Iterable<Stored<Pod>>, family: Family): Member[] {
  const members: Member[] = [];
  for (const pod of pods) {
    if (isOver(pod) || !selects(service, pod)) continue;
    const ip = addressOf(pod, family);
    if (ip === undefined) continue;
    const { hostname = '', subdomain = '' } = pod.spec;
    members.push({
      ip,
      pod,
      serving: isReady(pod),
      terminating: pod.metadata.deletionTimestamp !== undefined,
      ...(hostname !== '' && subdomain === service.metadata.name && { hostname }),
      ports: portsOf(service, pod),
    });
  }
  return members.toSorted((a, b) => (a.pod.metadata.name < b.pod.metadata.name ? -1 : 1));
}

export function isHeadless(service: Stored<Service>): boolean {
  return service.spec.clusterIP === 'None';
}

/** Address families of a Service; one whose families are not known yet counts as IPv4. */
export function familiesOf(service: Stored<Service>): Family[] {
  const named = (service.spec.ipFamilies ?? []).filter((family): family is Family => family === 'IPv4' || family === 'IPv6');
  return named.length > 0 ? named : ['IPv4'];
}

export function targetRefOf({ metadata }: Stored<Pod>): { kind: string; namespace: string; name: string; uid: string } {
  return { kind: 'Pod', namespace: metadata.namespace ?? '', name: metadata.name, uid: metadata.uid };
}

function isOver(pod: Stored<Pod>): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
}

function isReady(pod: Stored<Pod>): boolean {
  return pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

function addressOf(pod: Stored<Pod>, family: Family): string | undefined {
  const addresses = (pod.status.podIPs ?? []).map(({ ip }) => ip ?? '');
  const all = addresses.length > 0 ? addresses : [pod.status.podIP ?? ''];
  return all.find((ip) => ip !== '' && ip.includes(':') === (family === 'IPv6'));
}

/** Ports that the pod has; a port named in the Service that the pod does not have is left out. */
function portsOf(service: Stored<Service>, pod: Stored<Pod>): MemberPort[] {
  return (service.spec.ports ?? []).flatMap(({ name = '', port, targetPort = port, protocol = 'TCP', appProtocol }) => {
    const number = typeof targetPort === 'number' ? targetPort : namedPort(pod, targetPort, protocol);
    return number === undefined ? [] : [{ name, port: number, protocol, ...(appProtocol !== undefined && { appProtocol }) }];
  });
}

function namedPort(pod: Stored<Pod>, name: string, protocol: string): number | undefined {
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  for (const container of [...pod.spec.containers, ...sidecars]) {
    const found = container.ports?.find((port) => port.name === name && (port.protocol ?? 'TCP') === protocol);
    if (found !== undefined) return found.containerPort;
  }
  return undefined;
}
