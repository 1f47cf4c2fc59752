/** The quality-of-service class of a pod (`pkg/apis/core/v1/helper/qos`). */
import { compareQuantities, quantityNanos } from './quantity.ts';
import type { Pod } from './types.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const COMPUTE = ['cpu', 'memory'] as const;
type Amounts = Readonly<Record<string, string>> | undefined;

const positive = (amounts: Amounts, name: string): string | undefined => {
  const amount = amounts?.[name];
  return amount !== undefined && quantityNanos(amount) > 0n ? amount : undefined;
};

/** Guaranteed when every container has limits for cpu and memory that its requests equal, BestEffort when none asks for anything. */
export function qosClass(pod: Pick<Pod, 'spec'>): QosClass {
  const pooled = pod.spec?.resources;
  const asked = (amounts: Amounts): boolean => COMPUTE.some((name) => positive(amounts, name) !== undefined);
  // Resources of the whole pod decide alone when there are any.
  const owners =
    asked(pooled?.requests) || asked(pooled?.limits)
      ? [{ resources: pooled }]
      : [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const all = owners.map((owner) => owner.resources);
  if (!all.some((r) => asked(r?.requests) || asked(r?.limits))) return 'BestEffort';
  const guaranteed = all.every((r) =>
    COMPUTE.every((name) => {
      const limit = positive(r?.limits, name);
      const request = positive(r?.requests, name) ?? limit;
      return limit !== undefined && request !== undefined && compareQuantities(limit, request) === 0;
    }),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
