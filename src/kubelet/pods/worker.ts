/** The worker of one pod: a loop that looks, publishes and acts whenever something changed (kubernetes `pkg/kubelet/pod_workers.go`). */
import { timeOrUndefined } from '../../api/time.ts';
import type { PodStatus } from '../../api/types.ts';
import type { Timer } from '../../util/clock.ts';
import { errorText } from '../../util/log.ts';
import { completePod, removeRemains, terminatePod } from './finish-pod.ts';
import { podGraceSeconds } from './kill.ts';
import { containerNameOf, readySandbox } from './observed.ts';
import { isTerminalPhase, podContainers, podText, type NodePod } from './pod.ts';
import { look, newPodState, publish, settleAs, takePod, type PodState, type PodVerdict } from './pod-state.ts';
import type { ResizeState } from './resize.ts';
import type { PodServices } from './services.ts';
import { syncPod } from './sync-pod.ts';

export interface PodWorker {
  readonly state: Readonly<PodState>;
  /** A newer version of the pod, as far as it was granted; `resize` replaces what is under way. */
  update(pod: NodePod, resize?: ResizeState): void;
  /** No source wants the pod any more; `last` is how it looked then. */
  remove(last?: NodePod): void;
  /** Ends the pod as Failed; the first verdict counts. Resolves when nothing of it runs any more. */
  end(verdict: PodVerdict): Promise<void>;
  /** Something of the pod changed: look again. */
  wake(): void;
  /** Ends the loop and leaves everything as it is. Resolves when nothing is under way. */
  close(): Promise<void>;
}

const FIRST_ERROR_RETRY_MS = 500;
const MAX_ERROR_RETRY_MS = 122_000;
/** Longest time without a look. */
const MAX_SLEEP_MS = 3_600_000;
const DEADLINE = { reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' };

/**
 * Starts a worker. `gone` is called once, when the pod was removed and nothing of it is left. `refused` is the status of a pod that
 * may not run; nothing is done before it is known.
 */
export function startPodWorker(
  services: PodServices,
  pod: NodePod,
  gone: () => void,
  refused?: PodStatus | Promise<PodStatus | undefined>,
): PodWorker {
  const { host, log, settings, runtime } = services;
  const state = newPodState(pod, refused instanceof Promise ? undefined : refused);
  const ended = new AbortController();
  let pending = true;
  let failures = 0;
  let timer: Timer | undefined;
  let ring: () => void = () => undefined;
  let step = new AbortController();
  let graceSeconds = Infinity;
  let operation = 'create';
  let markStopped: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (markStopped = resolve));
  const since = host.clock.monotonic();

  const wake = (): void => {
    pending = true;
    ring();
  };
  const wakeIn = (ms: number): void => {
    timer?.cancel();
    timer = ended.signal.aborted ? undefined : host.clock.after(Math.min(ms, MAX_SLEEP_MS), wake);
  };

  /** Ends what is under way when the pod is to end; a shorter grace overtakes a kill that waits. */
  function checkEnding(): void {
    if (state.stage === 'terminated') return;
    if (state.stage === 'running' && (state.removed || state.pod.metadata.deletionTimestamp !== undefined || state.verdict)) {
      state.stage = 'terminating';
      step.abort();
      return;
    }
    const grace = state.verdict?.graceSeconds ?? podGraceSeconds(state.pod);
    if (state.stage === 'terminating' && grace < graceSeconds) {
      if (graceSeconds !== Infinity)
        for (const c of state.observed.containers)
          if (c.state === 'running')
            runtime
              .stopContainer(c.id, Math.max(2, grace))
              .catch((error: unknown) => log.v(2, 'Shorter stop failed', { err: errorText(error) }));
      graceSeconds = grace;
    }
  }

  /** One round; milliseconds until the next, unless something happens before. */
  async function round(): Promise<number> {
    if (state.stage === 'terminated') return settle();
    try {
      await look(services, state);
    } catch (error) {
      services.events.pod(state.pod, 'Warning', 'FailedSync', `error determining status: ${errorText(error)}`);
      throw error;
    }
    if (state.stage === 'running') {
      const phase = publish(services, state, { finished: false });
      const deadline = deadlineIn(state, host.clock.now());
      if (deadline <= 0 && state.verdict === undefined && !isTerminalPhase(phase)) {
        services.events.pod(state.pod, 'Normal', DEADLINE.reason, DEADLINE.message);
        state.verdict = DEADLINE;
        publish(services, state, { finished: false });
      }
      if (isTerminalPhase(phase)) state.stage = 'terminating';
      checkEnding();
    }
    if (state.stage === 'running') return advance();
    graceSeconds = Math.min(graceSeconds, state.verdict?.graceSeconds ?? podGraceSeconds(state.pod));
    if (!(await terminatePod(services, state))) throw new Error('containers still run after they were stopped');
    state.stage = 'terminated';
    markStopped();
    return settle();
  }

  async function advance(): Promise<number> {
    step = new AbortController();
    followProbes();
    const outcome = await syncPod(services, state, step.signal);
    followProbes();
    if (outcome.again) wake();
    else if (state.status.phase === 'Running') services.volumes.follow(state.pod, wake);
    const shown = Math.min(...[...state.backoffs.values()].map((b) => b.showAt - host.clock.now()));
    const due = services.volumes.refreshDueMs(state.pod) ?? Infinity;
    return Math.min(
      outcome.retryMs ?? Infinity,
      settings.syncFrequencyMs,
      due,
      Math.max(0, shown),
      Math.max(0, deadlineIn(state, host.clock.now())),
    );
  }

  function followProbes(): void {
    const running = new Map(
      state.observed.containers.flatMap((c) =>
        c.state === 'running' ? [[containerNameOf(c), { id: c.id, startedAt: c.startedAt }] as const] : [],
      ),
    );
    const sandbox = readySandbox(state.observed);
    const podIPs = sandbox?.network === 'node' ? services.hostIPs : (sandbox?.ips ?? []);
    if (podContainers(state.pod.spec).some(({ container: c }) => c.livenessProbe ?? c.readinessProbe ?? c.startupProbe))
      services.probes.follow(state.pod, running, podIPs, wake);
  }

  /** Nothing runs: finishes what can be finished, and waits for the removal. Each part may be done again. */
  async function settle(): Promise<number> {
    await completePod(services, state);
    if (state.removed) {
      await removeRemains(services, state);
      ended.abort();
      gone();
      return Infinity;
    }
    return settings.syncFrequencyMs;
  }

  /** Waits for the answer; a pod that is to end meanwhile need not have one. */
  async function admission(answer: Promise<PodStatus | undefined>): Promise<void> {
    const answered = new AbortController();
    const taken = answer.then((status) => {
      if (status && state.stage === 'running') settleAs(state, status);
      answered.abort();
      return wake();
    });
    while (!answered.signal.aborted && state.stage === 'running' && !ended.signal.aborted)
      await Promise.race([taken, new Promise<void>((resolve) => (ring = resolve))]);
    pending = true;
  }

  async function loop(): Promise<void> {
    if (refused instanceof Promise) await admission(refused);
    while (!ended.signal.aborted) {
      if (!pending) await new Promise<void>((resolve) => (ring = resolve));
      if (ended.signal.aborted) return;
      pending = false;
      try {
        const began = host.clock.monotonic();
        if (operation === 'create') services.metrics.podWorkerStartDuration.observe((began - since) / 1000);
        const kind = state.stage === 'terminated' ? 'terminated' : operation;
        operation = 'sync';
        wakeIn(await round());
        services.metrics.podWorkerDuration.observe((host.clock.monotonic() - began) / 1000, [kind]);
        failures = 0;
      } catch (error) {
        const retryMs = Math.min(FIRST_ERROR_RETRY_MS * 2 ** failures++, MAX_ERROR_RETRY_MS);
        log.error('Error syncing pod, skipping', { pod: podText(state.pod), err: errorText(error), retryMs });
        wakeIn(retryMs);
      }
    }
  }
  const running = loop().finally(() => timer?.cancel());

  return {
    state,
    update(newer, resize) {
      if (resize) state.resize = resize;
      if (operation !== 'create') operation = 'update';
      takePod(state, newer);
      checkEnding();
      wake();
    },
    async end(verdict) {
      if (state.stage !== 'running') return stopped;
      state.verdict ??= verdict;
      publish(services, state, { finished: false });
      checkEnding();
      wake();
      return stopped;
    },
    remove(last) {
      if (last) takePod(state, last);
      state.removed = true;
      checkEnding();
      wake();
    },
    wake,
    close() {
      ended.abort();
      step.abort();
      wake();
      return running;
    },
  };
}

/** Milliseconds until the pod's deadline is over; Infinity without one. */
function deadlineIn({ pod, status }: PodState, now: number): number {
  const { activeDeadlineSeconds } = pod.spec;
  const start = timeOrUndefined(status.startTime);
  return activeDeadlineSeconds === undefined || start === undefined ? Infinity : start + activeDeadlineSeconds * 1000 - now;
}
