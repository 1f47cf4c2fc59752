/** What the API warns of at creation: it works, but not as one may think (`pkg/api/pod/warnings.go`, `pkg/api/service/warnings.go`). */
import { dnsLabel } from '../names.ts';
import { quantityNanos } from '../quantity.ts';
import type { ResourceDefinition } from '../resources.ts';
import type { Container, Loose, ObjectOf, Pod } from '../types.ts';

type Template = Loose<ObjectOf<'core/v1.PodTemplateSpec'>>;
type AnyContainer = Loose<Container>;

/** Resources whose use is warned of. */
const DEPRECATED: Readonly<Record<string, string>> = {
  endpoints: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  componentstatuses: 'v1 ComponentStatus is deprecated in v1.19+',
};
const LABELS: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};

/** The warning that every use of a resource carries, if it has one. */
export const deprecationOf = (of: ResourceDefinition): string | undefined => (of.group === '' ? DEPRECATED[of.resource] : undefined);

/** Warnings about a new object, in the words of the `Warning` header. */
export function warningsFor(of: ResourceDefinition, object: object): string[] {
  const warnings: string[] = [];
  const source = object as { spec?: { template?: Template; jobTemplate?: { spec?: { template?: Template } } } };
  if (of.resource === 'pods' && of.group === '') {
    const pod: Loose<Pod> = object;
    const faults = dnsLabel(pod.metadata?.name ?? '');
    if (faults.length > 0) {
      warnings.push(
        `metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [${faults.join(' ')}]`,
      );
    }
    warnSpec(warnings, 'spec', pod.spec ?? {});
  } else if (of.group === 'apps' || of.resource === 'jobs' || of.resource === 'replicationcontrollers') {
    if (source.spec?.template?.spec) warnSpec(warnings, 'spec.template.spec', source.spec.template.spec);
  } else if (of.resource === 'cronjobs') {
    const template = source.spec?.jobTemplate?.spec?.template;
    if (template?.spec) warnSpec(warnings, 'spec.jobTemplate.spec.template.spec', template.spec);
  }
  return warnings;
}

function warnSpec(warnings: string[], path: string, spec: NonNullable<Template['spec']>): void {
  for (const [key, advice] of Object.entries(LABELS))
    if (spec.nodeSelector?.[key] !== undefined) warnings.push(`${path}.nodeSelector[${key}]: ${advice}`);
  warnVolumes(warnings, path, spec);
  const names = new Set<string>();
  for (const [i, { name = '' }] of (spec.imagePullSecrets ?? []).entries()) {
    if (name === '') warnings.push(`${path}.imagePullSecrets[${i}].name: invalid empty name ""`);
    else if (names.has(name)) warnings.push(`${path}.imagePullSecrets[${i}].name: duplicate name ${JSON.stringify(name)}`);
    names.add(name);
  }
  for (const list of ['initContainers', 'containers'] as const) {
    for (const [i, container] of (spec[list] ?? []).entries()) warnContainer(warnings, `${path}.${list}[${i}]`, container);
  }
  warnPorts(warnings, path, spec.containers ?? []);
  const grace = spec.terminationGracePeriodSeconds;
  if (grace !== undefined && grace < 0) {
    warnings.push(`${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`);
  }
}

function warnVolumes(warnings: string[], path: string, spec: NonNullable<Template['spec']>): void {
  for (const [i, volume] of (spec.volumes ?? []).entries()) {
    if (volume.gitRepo) warnings.push(`${path}.volumes[${i}].gitRepo: deprecated in v1.11, and disabled by default in v1.33+`);
    if (volume.projected && (volume.projected.sources ?? []).length === 0) {
      warnings.push(`volume ${JSON.stringify(volume.name ?? '')} (Projected) has no sources provided`);
    }
  }
}

function warnContainer(warnings: string[], at: string, container: AnyContainer): void {
  for (const list of ['limits', 'requests'] as const) {
    for (const name of ['memory', 'ephemeral-storage']) {
      const amount = container.resources?.[list]?.[name];
      if (amount !== undefined && quantityNanos(amount) % 1_000_000_000n !== 0n) {
        warnings.push(`${at}.resources.${list}[${name}]: fractional byte value ${JSON.stringify(amount)} is invalid, must be an integer`);
      }
    }
  }
  const variables = new Set<string>();
  for (const [i, { name = '', value = '' }] of (container.env ?? []).entries()) {
    // A value that refers to its own name extends it.
    if (variables.has(name) && !value.includes(`$(${name})`)) {
      warnings.push(`${at}.env[${i}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`);
    }
    variables.add(name);
  }
}

function warnPorts(warnings: string[], path: string, containers: readonly AnyContainer[]): void {
  const names = new Map<string, string>();
  for (const [i, container] of containers.entries()) {
    const own = new Map<string, string>();
    for (const [n, { name = '', containerPort = 0, protocol = 'TCP', hostPort = 0, hostIP = '' }] of (container.ports ?? []).entries()) {
      const at = `${path}.containers[${i}].ports[${n}]`;
      if (name !== '') {
        const before = names.get(name);
        if (before !== undefined && !before.startsWith(`${path}.containers[${i}].`)) {
          warnings.push(
            `${at}: duplicate port name ${JSON.stringify(name)} with ${before}, services and probes that select ports by name will use ${before}`,
          );
        }
        names.set(name, before ?? at);
      }
      const key = [containerPort, protocol, hostPort, hostIP].join('/');
      const same = own.get(key);
      if (same === undefined) own.set(key, at);
      else warnings.push(`${at}: duplicate port definition with ${same}`);
    }
  }
}
