/** The families of `/metrics/probes` (kubernetes `pkg/kubelet/prober/prober_manager.go`). */
import { exposition } from '../../metrics/exposition.ts';
import { computed, counter, histogram } from '../../metrics/family.ts';
import type { NodePod } from '../pods/pod.ts';

export interface ProbeMetrics {
  /** One attempt; `type` is `Liveness`, `Readiness` or `Startup`. The time of one that failed is not kept, as in the original. */
  probed(probe: ProbedContainer, result: 'successful' | 'failed' | 'unknown', seconds: number): void;
  /** Its probe has ended. */
  ended(probe: ProbedContainer): void;
  text(startedAtMs: number): string;
}

export interface ProbedContainer {
  readonly pod: NodePod;
  readonly container: string;
  readonly type: 'Liveness' | 'Readiness' | 'Startup';
}

export function createProbeMetrics(): ProbeMetrics {
  const total = counter({
    name: 'prober_probe_total',
    help: '[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.',
    labels: ['container', 'namespace', 'pod', 'pod_uid', 'probe_type', 'result'],
  });
  const duration = histogram({
    name: 'prober_probe_duration_seconds',
    help: '[ALPHA] Duration in seconds for a probe response.',
    labels: ['container', 'namespace', 'pod', 'probe_type'],
  });
  const common = ({ pod, container }: ProbedContainer): string[] => [container, pod.metadata.namespace, pod.metadata.name];
  return {
    probed(probe, result, seconds) {
      total.increase([...common(probe), probe.pod.metadata.uid, probe.type, result]);
      if (result !== 'failed') duration.observe(seconds, [...common(probe), probe.type]);
    },
    ended(probe) {
      const [container, namespace, name] = common(probe);
      total.forget(([c, , , uid, type]) => c === container && uid === probe.pod.metadata.uid && type === probe.type);
      duration.forget(([c, ns, pod, type]) => c === container && ns === namespace && pod === name && type === probe.type);
    },
    text: (startedAtMs) =>
      exposition([
        total,
        duration,
        computed(
          'gauge',
          'process_start_time_seconds',
          '[ALPHA] Start time of the process since unix epoch in seconds.',
          () => startedAtMs / 1000,
        ),
      ]),
  };
}
