/** Counts what resizes ask for (kubernetes `pkg/kubelet/allocation/allocation_manager.go`, recordContainerResizeOperations). */
import { quantityMilli } from '../../api/quantity.ts';
import { podContainers, type NodePod } from '../pods/pod.ts';
import type { KubeletMetrics } from './kubelet-metrics.ts';

type Amounts = Readonly<Record<string, string>>;

/** One count for each amount of each container that is to be another. */
export function countResize({ containerRequestedResizes }: KubeletMetrics, granted: NodePod, wanted: NodePod): void {
  const before = new Map(podContainers(granted.spec).map(({ container }) => [container.name, container.resources]));
  for (const { container } of podContainers(wanted.spec)) {
    const old = before.get(container.name);
    for (const requirement of ['requests', 'limits'] as const)
      for (const resource of ['cpu', 'memory'] as const) {
        const operation = change(old?.[requirement], container.resources?.[requirement], resource);
        if (operation !== undefined) containerRequestedResizes.increase([resource, requirement, operation]);
      }
  }
}

function change(old: Amounts | undefined, now: Amounts | undefined, resource: string): string | undefined {
  const [from, to] = [old?.[resource], now?.[resource]];
  if (from === undefined) return to === undefined ? undefined : 'add';
  if (to === undefined) return 'remove';
  const difference = quantityMilli(to) - quantityMilli(from);
  return difference === 0 ? undefined : difference > 0 ? 'increase' : 'decrease';
}
