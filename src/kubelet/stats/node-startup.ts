/** How long the machine took to become a node, told once, when it registers for the first time (kubernetes `pkg/kubelet/util/node_startup_latency_tracker.go`). */
import type { Clock } from '../../util/clock.ts';
import type { KubeletMetrics } from './kubelet-metrics.ts';

export interface NodeStartup {
  /** The node is about to be registered. */
  registering(): void;
  /** It is registered, and was not before. */
  registered(): void;
  /** It is ready. */
  ready(): void;
}

/** Times in ms since 1970. */
export function trackNodeStartup(metrics: KubeletMetrics, clock: Clock, bootedAt: number, startedAt: number): NodeStartup {
  let attempted: number | undefined;
  let registered: number | undefined;
  let done = false;
  return {
    registering: () => {
      attempted ??= clock.now();
    },
    registered: () => {
      registered ??= clock.now();
    },
    ready() {
      if (done || attempted === undefined || registered === undefined) return;
      done = true;
      const now = clock.now();
      metrics.nodeStartupPreKubeletDuration.set((startedAt - bootedAt) / 1000);
      metrics.nodeStartupPreRegistrationDuration.set((attempted - startedAt) / 1000);
      metrics.nodeStartupRegistrationDuration.set((registered - attempted) / 1000);
      metrics.nodeStartupPostRegistrationDuration.set((now - registered) / 1000);
      metrics.nodeStartupDuration.set((now - bootedAt) / 1000);
    },
  };
}
