/** Probes of all running containers (kubernetes `pkg/kubelet/prober/worker.go`): one ticker per container and kind. */
import type { Probe } from '../../api/types.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Clock, Timer } from '../../util/clock.ts';
import type { EventRecorder } from '../events/recorder.ts';
import type { ProbeResult } from '../pods/plan.ts';
import { isSidecar, podContainers, type NodePod, type PodContainer } from '../pods/pod.ts';
import type { ProbeManager, RunningContainer } from '../pods/services.ts';
import type { ProbeMetrics } from '../stats/probe-metrics.ts';
import { attemptProbe, type Attempt } from './handlers.ts';

export type ProbeKind = 'liveness' | 'readiness' | 'startup';

const KINDS = ['startup', 'liveness', 'readiness'] as const;
const FIELD = { liveness: 'livenessProbe', readiness: 'readinessProbe', startup: 'startupProbe' } as const;
const TITLE = { liveness: 'Liveness', readiness: 'Readiness', startup: 'Startup' } as const;
const OUTCOME = { success: 'successful', failure: 'failed', unknown: 'unknown' } as const;
/** What counts before the first result. */
const INITIAL: Readonly<Record<ProbeKind, ProbeResult>> = { liveness: 'success', readiness: 'failure', startup: 'unknown' };
/** An attempt that could not be done is done again this often before it is told. */
const MAX_TRIES = 3;
const DEFAULT_PERIOD_SECONDS = 10;
/** A program that was started just now is not asked yet: its first answer would be that nothing listens. */
const FIRST_ATTEMPT_MS = 400;

export interface ProberOptions {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly metrics?: ProbeMetrics;
}

interface Worker {
  readonly kind: ProbeKind;
  readonly containerId: string;
  readonly stop: AbortController;
  result: ProbeResult;
  /** Tries at once. */
  kick: () => void;
}

interface PodProbes {
  readonly workers: Map<string, Worker>;
}

export function createProber({ runtime, clock, events, metrics }: ProberOptions): ProbeManager {
  const pods = new Map<string, PodProbes>();
  const results = new Map<string, ProbeResult>();
  const key = (kind: ProbeKind, containerId: string): string => `${kind}/${containerId}`;
  const resultOf = (kind: ProbeKind, id: string): ProbeResult => results.get(key(kind, id)) ?? INITIAL[kind];

  function start(
    pod: NodePod,
    target: PodContainer,
    kind: ProbeKind,
    probe: Probe,
    running: RunningContainer,
    podIP: string,
    changed: () => void,
  ): Worker {
    const worker: Worker = { kind, containerId: running.id, stop: new AbortController(), result: INITIAL[kind], kick: () => undefined };
    const { signal } = worker.stop;
    const periodMs = (probe.periodSeconds ?? DEFAULT_PERIOD_SECONDS) * 1000;
    let same = 0;
    let last: ProbeResult | undefined;
    let timer: Timer | undefined;
    const probed = { pod, container: target.container.name, type: TITLE[kind] };
    const stopped = (): void => {
      timer?.cancel();
      metrics?.ended(probed);
    };
    signal.addEventListener('abort', stopped, { once: true });

    const gated = (): boolean => {
      const started = target.container.startupProbe === undefined || resultOf('startup', running.id) === 'success';
      return kind === 'startup' ? started : !started;
    };
    const publish = (result: ProbeResult): void => {
      if (worker.result === result) return;
      worker.result = result;
      results.set(key(kind, running.id), result);
      if (kind === 'startup' && result === 'success') kickOthers(pod.metadata.uid, running.id);
      changed();
    };
    async function once(): Promise<boolean> {
      if (gated()) return true;
      const asked = clock.monotonic();
      let attempt: Attempt = { result: 'unknown', output: '' };
      for (let tries = 0; tries < MAX_TRIES && attempt.result === 'unknown' && !signal.aborted; tries++)
        attempt = await attemptProbe(probe, { runtime, container: target.container, containerId: running.id, podIP, signal });
      if (signal.aborted) return false;
      metrics?.probed(probed, OUTCOME[attempt.result], (clock.monotonic() - asked) / 1000);
      if (attempt.result === 'unknown') {
        events.container(
          pod,
          target,
          'Warning',
          'Unhealthy',
          `${TITLE[kind]} probe errored and resulted in unknown state: ${attempt.output}`,
        );
        return true;
      }
      if (attempt.result === 'failure')
        events.container(pod, target, 'Warning', 'Unhealthy', `${TITLE[kind]} probe failed: ${attempt.output}`);
      same = last === attempt.result ? same + 1 : 1;
      last = attempt.result;
      const needed = attempt.result === 'success' ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
      if (same < needed) return true;
      publish(attempt.result);
      // A container that failed is on its way to be killed: there is no more to learn about it.
      return !(attempt.result === 'failure' && kind !== 'readiness');
    }
    async function attempt(): Promise<void> {
      const began = clock.monotonic();
      if ((await once()) && !signal.aborted) plan(Math.max(0, periodMs - (clock.monotonic() - began)));
    }
    const plan = (ms: number): void => {
      timer = clock.after(ms, () => void attempt());
    };
    worker.kick = () => {
      timer?.cancel();
      plan(0);
    };
    results.set(key(kind, running.id), worker.result);
    const firstMs = Math.max(FIRST_ATTEMPT_MS, (probe.initialDelaySeconds ?? 0) * 1000);
    plan(Math.max(0, running.startedAt + firstMs - clock.now()));
    return worker;
  }

  /** The container has started: the probes that waited for that are next. */
  function kickOthers(uid: string, containerId: string): void {
    for (const worker of pods.get(uid)?.workers.values() ?? [])
      if (worker.containerId === containerId && worker.kind !== 'startup') worker.kick();
  }

  function end(probes: PodProbes, name: string, worker: Worker): void {
    worker.stop.abort();
    results.delete(key(worker.kind, worker.containerId));
    probes.workers.delete(name);
  }

  return {
    result: resultOf,
    follow(pod, running, podIPs, changed) {
      const probes = pods.get(pod.metadata.uid) ?? { workers: new Map<string, Worker>() };
      pods.set(pod.metadata.uid, probes);
      const wanted = new Map<string, () => Worker>();
      for (const target of podContainers(pod.spec)) {
        if (target.kind === 'ephemeral' || (target.kind === 'init' && !isSidecar(target.container))) continue;
        const live = running.get(target.container.name);
        if (live === undefined) continue;
        for (const kind of KINDS) {
          const probe = target.container[FIELD[kind]];
          if (probe) wanted.set(`${kind}/${live.id}`, () => start(pod, target, kind, probe, live, podIPs[0] ?? '', changed));
        }
      }
      for (const [name, worker] of probes.workers) if (!wanted.has(name)) end(probes, name, worker);
      for (const [name, make] of wanted) if (!probes.workers.has(name)) probes.workers.set(name, make());
    },
    stop(uid, options) {
      const probes = pods.get(uid);
      if (probes === undefined) return;
      for (const [name, worker] of probes.workers)
        if (options?.keepReadiness !== true || worker.kind !== 'readiness') end(probes, name, worker);
      if (probes.workers.size === 0) pods.delete(uid);
    },
    close() {
      for (const probes of pods.values()) for (const [name, worker] of probes.workers) end(probes, name, worker);
      pods.clear();
    },
  };
}
