/** Keeps pods within the LimitRanges of their namespace, and gives containers the defaults of those (plugin `limitranger/admission.go`). */
import { addQuantities, compareQuantities, formatQuantity, quantityNanos } from '../../api/quantity.ts';
import { resources, type ResourceDefinition } from '../../api/resources.ts';
import { forbidden } from '../../api/status.ts';
import type { Container, ObjectOf, Pod } from '../../api/types.ts';
import type { AdmissionPlugin } from '../endpoint.ts';

type Limit = ObjectOf<'core/v1.LimitRangeItem'>;
type Amounts = Readonly<Record<string, string>>;

const ANNOTATION = 'kubernetes.io/limit-ranger';
const NANOS = 1_000_000_000n;

export const limitRangerAdmission: AdmissionPlugin = (request, objects) => {
  if (request.resource === resources.persistentvolumeclaims && request.subresource === '' && request.operation !== 'delete') {
    const claim = request.object as unknown as ObjectOf<'core/v1.PersistentVolumeClaim'>;
    const asked = claim.spec?.resources?.requests ?? {};
    for (const range of objects.list(resources.limitranges, request.namespace))
      refuseFaults(
        resources.persistentvolumeclaims,
        claim.metadata.name ?? '',
        (range.spec?.limits ?? []).flatMap((limit) => claimFaults(asked, limit)),
      );
    return;
  }
  if (request.resource !== resources.pods || request.operation === 'delete') return;
  // The resources of a pod change when it is made and when it is resized.
  const created = request.operation === 'create' && request.subresource === '';
  if (!created && request.subresource !== 'resize') return;
  const pod = request.object as unknown as Pod;
  if (pod.spec === undefined || pod.metadata.deletionTimestamp !== undefined) return;
  for (const range of objects.list(resources.limitranges, request.namespace)) {
    const limits = range.spec?.limits ?? [];
    if (created) giveDefaults(pod, limits);
    refuseFaults(
      resources.pods,
      pod.metadata.name ?? '',
      limits.flatMap((limit) => faultsOf(pod, limit)),
    );
  }
};

function refuseFaults(resource: ResourceDefinition, name: string, faults: readonly string[]): void {
  const texts = [...new Set(faults)];
  if (texts.length > 0) throw forbidden(resource, name, texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`);
}

function claimFaults(asked: Amounts, limit: Limit): string[] {
  if (limit.type !== 'PersistentVolumeClaim') return [];
  return [
    ...each(limit.min, (name, bound) => belowMin(limit.type, name, bound, asked[name], undefined)),
    ...each(limit.max, (name, bound) => {
      const rule = `maximum ${name} usage per ${limit.type} is ${bound}`;
      const request = asked[name];
      if (request === undefined) return `${rule}.  No request is specified`;
      return compareQuantities(request, bound) > 0 ? `${rule}, but request is ${request}` : undefined;
    }),
  ];
}

/** Fills in what containers leave open, and says so in an annotation. */
function giveDefaults(pod: Pod, limits: readonly Limit[]): void {
  const ofContainers = limits.filter(({ type }) => type === 'Container');
  const merged = (part: 'default' | 'defaultRequest'): Amounts =>
    Object.assign({}, ...ofContainers.map((limit) => limit[part] ?? {})) as Amounts;
  const defaults = { requests: merged('defaultRequest'), limits: merged('default') };
  const said = [
    ...(pod.spec?.containers ?? []).flatMap((container) => fill(container, 'container', defaults)),
    ...(pod.spec?.initContainers ?? []).flatMap((container) => fill(container, 'init container', defaults)),
  ];
  if (said.length > 0)
    pod.metadata.annotations = { ...pod.metadata.annotations, [ANNOTATION]: `LimitRanger plugin set: ${said.join('; ')}` };
}

function fill(container: Container, noun: string, defaults: { readonly requests: Amounts; readonly limits: Amounts }): string[] {
  return (['requests', 'limits'] as const).flatMap((part) => {
    const present = container.resources?.[part] ?? {};
    const missing = Object.entries(defaults[part]).filter(([name]) => !Object.hasOwn(present, name));
    if (missing.length === 0) return [];
    container.resources = { ...container.resources, [part]: { ...present, ...Object.fromEntries(missing) } };
    const names = missing.map(([name]) => name).toSorted();
    return [`${names.join(', ')} ${part === 'requests' ? 'request' : 'limit'} for ${noun} ${container.name}`];
  });
}

function faultsOf(pod: Pod, limit: Limit): string[] {
  const containers = pod.spec?.containers ?? [];
  const inits = pod.spec?.initContainers ?? [];
  if (limit.type === 'Container') {
    return [...containers, ...inits].flatMap((container) =>
      constraints(limit, container.resources?.requests ?? {}, container.resources?.limits ?? {}),
    );
  }
  if (limit.type !== 'Pod') return [];
  return constraints(limit, podAmounts(pod, 'requests'), podAmounts(pod, 'limits'));
}

/** The sum over containers and sidecars, or the largest init container where that is more. */
function podAmounts(pod: Pod, part: 'requests' | 'limits'): Amounts {
  const total: Record<string, string> = {};
  const amountsOf = (container: Container): [string, string][] => Object.entries(container.resources?.[part] ?? {});
  const inits = pod.spec?.initContainers ?? [];
  const sidecars = inits.filter(({ restartPolicy }) => restartPolicy === 'Always');
  for (const [name, amount] of [...(pod.spec?.containers ?? []), ...sidecars].flatMap(amountsOf)) {
    const present = total[name];
    total[name] = present === undefined ? amount : formatQuantity(addQuantities(present, amount));
  }
  for (const [name, amount] of inits.filter((container) => !sidecars.includes(container)).flatMap(amountsOf)) {
    const present = total[name];
    if (present === undefined || compareQuantities(amount, present) > 0) total[name] = amount;
  }
  return total;
}

function constraints(limit: Limit, requests: Amounts, limits: Amounts): string[] {
  return [
    ...each(limit.min, (name, bound) => belowMin(limit.type, name, bound, requests[name], limits[name])),
    ...each(limit.max, (name, bound) => aboveMax(limit.type, name, bound, requests[name], limits[name])),
    ...each(limit.maxLimitRequestRatio, (name, bound) => aboveRatio(limit.type, name, bound, requests[name], limits[name])),
  ];
}

function each(bounds: Amounts | undefined, check: (name: string, bound: string) => string | undefined): string[] {
  return Object.entries(bounds ?? {}).flatMap(([name, bound]) => check(name, bound) ?? []);
}

function belowMin(type: string, name: string, bound: string, request: string | undefined, limit: string | undefined): string | undefined {
  const rule = `minimum ${name} usage per ${type} is ${bound}`;
  if (request === undefined) return `${rule}.  No request is specified`;
  if (compareQuantities(request, bound) < 0) return `${rule}, but request is ${request}`;
  return limit !== undefined && compareQuantities(limit, bound) < 0 ? `${rule}, but limit is ${limit}` : undefined;
}

function aboveMax(type: string, name: string, bound: string, request: string | undefined, limit: string | undefined): string | undefined {
  const rule = `maximum ${name} usage per ${type} is ${bound}`;
  if (limit === undefined) return `${rule}.  No limit is specified`;
  if (compareQuantities(limit, bound) > 0) return `${rule}, but limit is ${limit}`;
  return request !== undefined && compareQuantities(request, bound) > 0 ? `${rule}, but request is ${request}` : undefined;
}

function aboveRatio(type: string, name: string, bound: string, request: string | undefined, limit: string | undefined): string | undefined {
  const rule = `${name} max limit to request ratio per ${type} is ${bound}`;
  const [asked, allowed] = [request, limit].map((amount) => (amount === undefined ? 0n : quantityNanos(amount)));
  if (!asked) return `${rule}, but no request is specified or request is 0`;
  if (!allowed) return `${rule}, but no limit is specified or limit is 0`;
  const ratio = Number(allowed) / Number(asked);
  return ratio > Number(quantityNanos(bound)) / Number(NANOS) ? `${rule}, but provided ratio is ${ratio.toFixed(6)}` : undefined;
}
