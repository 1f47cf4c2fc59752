/** What the downward API says of a pod: fieldRef and resourceFieldRef (kubernetes `pkg/fieldpath/fieldpath.go`, `pkg/api/v1/resource/helpers.go`). */
import { goQuote } from '../../api/field-errors.ts';
import { quantityMilli, quantityNanos, quantityValue, type QuantityLike } from '../../api/quantity.ts';
import type { Container, ResourceRequirements } from '../../api/types.ts';
import type { NodePod } from '../pods/pod.ts';

/** Facts that are not in the pod itself. */
export interface NodeFacts {
  readonly hostIPs: readonly string[];
  readonly podIPs: readonly string[];
  /** The node's allocatable amounts: they stand in for limits that are not set. */
  readonly allocatable: Readonly<Record<string, string>>;
}

const SUBSCRIPT = /^metadata\.(labels|annotations)\['(.*)'\]$/s;

/** The value of a field path, or undefined when the path is not one that may be asked for. */
export function fieldValue(pod: NodePod, path: string, facts: NodeFacts): string | undefined {
  const { metadata, spec } = pod;
  const [, map, key] = SUBSCRIPT.exec(path) ?? [];
  if (key !== undefined) return (map === 'labels' ? metadata.labels : metadata.annotations)?.[key] ?? '';
  switch (path) {
    case 'metadata.name':
      return metadata.name;
    case 'metadata.namespace':
      return metadata.namespace;
    case 'metadata.uid':
      return metadata.uid;
    case 'metadata.labels':
      return formatMap(metadata.labels);
    case 'metadata.annotations':
      return formatMap(metadata.annotations);
    case 'spec.nodeName':
      return spec.nodeName ?? '';
    case 'spec.serviceAccountName':
      return spec.serviceAccountName ?? '';
    case 'status.hostIP':
      return facts.hostIPs[0] ?? '';
    case 'status.hostIPs':
      return facts.hostIPs.join(',');
    case 'status.podIP':
      return facts.podIPs[0] ?? '';
    case 'status.podIPs':
      return facts.podIPs.join(',');
    default:
      return undefined;
  }
}

/** `key="escaped value"` lines, by key. */
function formatMap(map: Readonly<Record<string, string>> = {}): string {
  return Object.keys(map)
    .sort()
    .map((key) => `${key}=${goQuote(map[key] ?? '')}`)
    .join('\n');
}

/** The value of `limits.cpu` and the like, in units of the divisor, rounded up; undefined for a resource that does not exist. */
export function resourceFieldValue(
  container: Pick<Container, 'resources'>,
  resource: string,
  divisor: QuantityLike | undefined,
  allocatable: Readonly<Record<string, string>>,
): string | undefined {
  const [, list, name] = /^(limits|requests)\.(.+)$/.exec(resource) ?? [];
  if (name === undefined || (list !== 'limits' && list !== 'requests')) return undefined;
  const amount = amountOf(container.resources, list, name, allocatable);
  const unit = divisor === undefined || quantityNanos(divisor) === 0n ? '1' : divisor;
  const [value, by] = name === 'cpu' ? [quantityMilli(amount), quantityMilli(unit)] : [quantityValue(amount), quantityValue(unit)];
  return String(Math.ceil(value / by));
}

function amountOf(
  resources: ResourceRequirements | undefined,
  list: 'limits' | 'requests',
  name: string,
  allocatable: Readonly<Record<string, string>>,
): string {
  const set = resources?.[list]?.[name];
  if (set !== undefined && quantityNanos(set) > 0n) return set;
  return list === 'limits' ? (allocatable[name] ?? '0') : '0';
}
