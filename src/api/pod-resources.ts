/** What a pod asks of a node: requests and host ports (component-helpers `resource/helpers.go`). */
import { quantityMilli } from './quantity.ts';
import type { Container, PodSpec } from './types.ts';

/** Amounts in thousandths of the resource's unit, by resource name. */
export type Amounts = Readonly<Record<string, number>>;

type Requests = Readonly<Record<string, string>> | undefined;

/** Requests of a whole pod: containers and sidecars together, or the largest init container where that is more; plus overhead. */
export function podRequests(spec: PodSpec): Amounts {
  let running: Record<string, number> = {};
  for (const container of spec.containers) running = add(running, amountsOf(requestsOf(container)));
  let sidecars: Record<string, number> = {};
  let peak: Record<string, number> = {};
  for (const container of spec.initContainers ?? []) {
    const own = amountsOf(requestsOf(container));
    if (container.restartPolicy === 'Always') {
      running = add(running, own);
      sidecars = add(sidecars, own);
      peak = larger(peak, sidecars);
    } else peak = larger(peak, add(sidecars, own));
  }
  const summed = larger(running, peak);
  return add({ ...summed, ...amountsOf(spec.resources?.requests) }, amountsOf(spec.overhead));
}

/** `protocol/hostIP:hostPort` of every host port the pod takes. */
export function hostPorts(spec: PodSpec): { protocol: string; hostIP: string; hostPort: number }[] {
  const containers = [...spec.containers, ...(spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always')];
  return containers
    .flatMap((container) => container.ports ?? [])
    .filter((port) => (port.hostPort ?? 0) > 0)
    .map((port) => ({ protocol: port.protocol ?? 'TCP', hostIP: port.hostIP ?? '', hostPort: port.hostPort ?? 0 }));
}

/** Whether two sets of host ports cannot stand on one node. */
export function portsCollide(a: ReturnType<typeof hostPorts>, b: ReturnType<typeof hostPorts>): boolean {
  const any = (ip: string): boolean => ip === '' || ip === '0.0.0.0' || ip === '::';
  return a.some((x) =>
    b.some((y) => x.hostPort === y.hostPort && x.protocol === y.protocol && (any(x.hostIP) || any(y.hostIP) || x.hostIP === y.hostIP)),
  );
}

/** Quantities as amounts. */
export function amountsOf(quantities: Requests): Record<string, number> {
  return Object.fromEntries(Object.entries(quantities ?? {}).map(([name, quantity]) => [name, quantityMilli(quantity)]));
}

/** A container that asks for nothing of a resource asks for its limit. */
function requestsOf(container: Container): Requests {
  return { ...container.resources?.limits, ...container.resources?.requests };
}

function add(a: Amounts, b: Amounts): Record<string, number> {
  const sum: Record<string, number> = { ...a };
  for (const [name, amount] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + amount;
  return sum;
}

function larger(a: Amounts, b: Amounts): Record<string, number> {
  const out: Record<string, number> = { ...a };
  for (const [name, amount] of Object.entries(b)) out[name] = Math.max(out[name] ?? 0, amount);
  return out;
}
