/** All pods of the node: takes them from the sources, admits them, and gives each its worker. */
import { countResize } from '../stats/resize-metrics.ts';
import { nanoTime } from '../../api/time.ts';
import type { Node, Pod, PodStatus } from '../../api/types.ts';
import type { ObservedPod } from './observed.ts';
import { refusal, type AdmissionInput, type Refusal } from './admission.ts';
import { preempted, preemptionSignal } from './preemption.ts';
import { SHUTDOWN_REFUSAL } from '../node/shutdown.ts';
import { isExtendedResource } from '../devices/registration.ts';
import type { Allocations } from './allocation.ts';
import type { NodePressure } from '../eviction/thresholds.ts';
import type { PodVerdict } from './pod-state.ts';
import { byResizeRank, isResize, resizeRank, resizeRefusal, resizeText } from './resize.ts';
import type { FollowedPod } from '../stats/pod-families.ts';
import { isCritical, isStatic, isTerminalPhase, podContainers, podKey, SEEN_ANNOTATION, SOURCE_ANNOTATION, type NodePod } from './pod.ts';
import type { PodServices } from './services.ts';
import { rejectedStatus } from './status.ts';
import { startPodWorker, type PodWorker } from './worker.ts';

export interface PodManager {
  /** A source wants the pod, as it is now. */
  upsert(source: string, pod: NodePod): void;
  /** A source does not want it any more. */
  remove(uid: string, last?: NodePod): void;
  /** Something of the pod changed in the runtime. */
  wake(uid: string): void;
  /** A look at everything found these pods changed: they look for themselves, and so do those that do not run quietly. */
  relisted(changed: ReadonlySet<string>): void;
  /** Ends a pod as Failed; `told` sends a warning that says why. Resolves when nothing of it runs any more. */
  end(uid: string, verdict: PodVerdict, told?: { readonly annotations: Readonly<Record<string, string>> }): Promise<void>;
  /** Pods that a source wants, each with its newest status. */
  pods(): readonly NodePod[];
  /** Every pod that has a worker, with what the runtime said of it last. */
  followed(): readonly FollowedPod[];
  byName(namespace: string, name: string): { readonly pod: NodePod; readonly observed: ObservedPod } | undefined;
  has(uid: string): boolean;
  close(): Promise<void>;
}

const PREEMPTING: PodVerdict = {
  reason: 'Preempting',
  message: 'Preempted in order to admit critical pod',
  disruption: true,
};

export interface PodManagerOptions {
  readonly services: PodServices;
  /** The node as the API has it. */
  readonly node: () => Node | undefined;
  readonly allowedUnsafeSysctls: readonly string[];
  readonly allocations: Allocations;
  /** The machine is on its way down: nothing is taken any more. */
  readonly shuttingDown: () => boolean;
  /** What the node is short of. */
  readonly pressures: () => ReadonlySet<NodePressure>;
}

export function createPodManager({
  services,
  node,
  allowedUnsafeSysctls,
  allocations,
  pressures,
  shuttingDown,
}: PodManagerOptions): PodManager {
  const { host, events, metrics } = services;
  const workers = new Map<string, PodWorker>();
  let closed = false;
  const seen = new Map<string, string>();
  /** Pods that ask for other resources than they have, as they want to be. */
  const resizing = new Map<string, NodePod>();
  /** Pods that came again while the worker of their uid was still removing the last one. */
  const returning = new Map<string, NodePod>();

  function annotated(source: string, pod: NodePod): NodePod {
    const { uid } = pod.metadata;
    const at = seen.get(uid) ?? nanoTime(host.clock.now());
    seen.set(uid, at);
    const annotations = { ...pod.metadata.annotations, [SEEN_ANNOTATION]: at, [SOURCE_ANNOTATION]: source };
    return { ...pod, metadata: { ...pod.metadata, annotations } };
  }

  const admission = (pod: NodePod): AdmissionInput => ({
    pod,
    others: [...workers.values()]
      .filter((w) => w.state.pod.metadata.uid !== pod.metadata.uid && !w.state.removed && !isTerminalPhase(w.state.status.phase))
      .map((w) => w.state.pod),
    node: node(),
    allocatable: { ...otherResources(node(), (name) => services.devices.manages(name)), ...services.allocatable() },
    allowedUnsafeSysctls,
    pressures: pressures(),
    appArmor: services.settings.appArmor,
  });

  /** A critical pod that lacks room alone gets it from lesser ones, which are ended. */
  function refusalAfterPreemption(pod: NodePod): Refusal | undefined {
    const input = admission(pod);
    const no = refusal(input);
    const victims = no && isCritical(pod) ? preempted(input) : undefined;
    if (victims === undefined) return no;
    for (const victim of victims) {
      events.pod(victim, 'Warning', PREEMPTING.reason, PREEMPTING.message);
      metrics.preemptions.increase([preemptionSignal(no)]);
      void workers.get(victim.metadata.uid)?.end(PREEMPTING);
    }
    return undefined;
  }

  /** A newer version of a pod: other resources are granted first, everything else counts at once. */
  function change(worker: PodWorker, wanted: NodePod): void {
    const { uid, generation } = wanted.metadata;
    const granted = allocations.granted(wanted);
    const over = isTerminalPhase(worker.state.status.phase) || wanted.metadata.deletionTimestamp !== undefined;
    if (over || !isResize(wanted, granted)) {
      resizing.delete(uid);
      const { pending: _reverted, ...resize } = worker.state.resize;
      worker.update(granted, resize);
      return;
    }
    const no = resizeRefusal(admission(wanted));
    const before = worker.state.resize.pending;
    if (before?.generation !== generation) countResize(metrics, granted, wanted);
    if (no === undefined) {
      resizing.delete(uid);
      allocations.grant(wanted);
      worker.update(wanted, { inProgress: { generation } });
      events.pod(wanted, 'Normal', 'ResizeStarted', resizeText('started', wanted, generation));
      return;
    }
    resizing.set(uid, wanted);
    if (before?.reason !== no.reason || before.message !== no.message || before.generation !== generation)
      events.pod(wanted, 'Warning', `Resize${no.reason}`, resizeText(no.reason, wanted, generation, no.message));
    worker.update(granted, { ...worker.state.resize, pending: { ...no, generation } });
  }

  /** Resizes that wait for room are looked at again when there may be some. */
  function retryResizes(): void {
    const waiting = [...resizing].map(([uid, wanted]) => ({ uid, wanted, rank: resizeRank(wanted, allocations.granted(wanted)) }));
    for (const { uid, wanted } of waiting.toSorted((a, b) => byResizeRank(a.rank, b.rank))) {
      const worker = workers.get(uid);
      if (worker === undefined) resizing.delete(uid);
      else if (worker.state.resize.pending?.reason === 'Deferred' && resizeRefusal(admission(wanted)) === undefined) change(worker, wanted);
    }
  }

  /** The status of a pod that the node does not take; undefined when it does. A pod that wants devices waits for them. */
  function refuse(pod: NodePod): PodStatus | undefined | Promise<PodStatus | undefined> {
    if (isTerminalPhase(pod.status.phase) || pod.metadata.deletionTimestamp !== undefined) return undefined;
    const no = shuttingDown() ? SHUTDOWN_REFUSAL : refusalAfterPreemption(pod);
    if (no !== undefined) return rejected(pod, no);
    const take = (): undefined => {
      allocations.grant(pod);
      return undefined;
    };
    if (!services.devices.wants(pod)) return take();
    return services.devices.admit(pod).then((message) => {
      // An answer that came for want of a kubelet or of the pod says nothing of it.
      if (closed) return undefined;
      if (!workers.has(pod.metadata.uid)) {
        services.devices.release(pod.metadata.uid);
        return undefined;
      }
      return message === undefined ? take() : rejected(pod, { reason: 'UnexpectedAdmissionError', message });
    });
  }

  function rejected(pod: NodePod, no: Refusal): PodStatus {
    metrics.admissionRejections.increase([no.reason]);
    events.pod(pod, 'Warning', no.reason, no.message);
    return rejectedStatus(pod, no.reason, no.message, host.clock.now());
  }

  function start(pod: NodePod): void {
    const { uid } = pod.metadata;
    const gone = (): void => {
      workers.delete(uid);
      seen.delete(uid);
      services.starts.forget(uid);
      services.devices.release(uid);
      if (!returning.has(uid)) allocations.forget(uid);
      retryResizes();
      const again = returning.get(uid);
      returning.delete(uid);
      if (again === undefined) return;
      metrics.restartedPods.increase([isStatic(pod) ? 'true' : '']);
      start(annotated(again.metadata.annotations?.[SOURCE_ANNOTATION] ?? 'api', again));
    };
    metrics.containersPerPodCount.observe(podContainers(pod.spec).filter(({ kind }) => kind === 'container').length);
    services.starts.seen(pod);
    const granted = allocations.granted(pod);
    const worker = startPodWorker(services, granted, gone, refuse(granted));
    workers.set(uid, worker);
    if (granted !== pod) change(worker, pod);
  }

  return {
    upsert(source, given) {
      const pod = annotated(source, given);
      const worker = workers.get(pod.metadata.uid);
      if (worker === undefined) start(pod);
      else if (worker.state.removed) returning.set(pod.metadata.uid, pod);
      else change(worker, pod);
    },
    remove(uid, last) {
      returning.delete(uid);
      const worker = workers.get(uid);
      worker?.remove(last && annotated(worker.state.pod.metadata.annotations?.[SOURCE_ANNOTATION] ?? 'api', last));
    },
    wake: (uid) => workers.get(uid)?.wake(),
    relisted(changed) {
      retryResizes();
      for (const [uid, worker] of workers) {
        const { stage, status } = worker.state;
        if (changed.has(uid) || stage !== 'running' || status.phase !== 'Running') worker.wake();
      }
    },
    async end(uid, verdict, told) {
      const worker = workers.get(uid);
      if (worker === undefined) return;
      if (told) events.pod(worker.state.pod, 'Warning', verdict.reason, verdict.message, told.annotations);
      await worker.end(verdict);
    },
    pods: () => [...workers.values()].filter((w) => !w.state.removed).map((w) => withStatus(w)),
    followed: () =>
      [...workers.values()].map((worker) => ({
        pod: withStatus(worker),
        observed: worker.state.observed,
        stage: worker.state.stage,
        removed: worker.state.removed,
        claims: services.volumes.claims(worker.state.pod.metadata.uid),
        resizing: worker.state.resize.inProgress !== undefined,
      })),
    byName(namespace, name) {
      let found: PodWorker | undefined;
      for (const worker of workers.values())
        if (podKey(worker.state.pod) === `${namespace}/${name}` && (found === undefined || found.state.removed)) found = worker;
      return found && { pod: withStatus(found), observed: found.state.observed };
    },
    has: (uid) => workers.has(uid),
    async close() {
      closed = true;
      await Promise.all([...workers.values()].map((worker) => worker.close()));
    },
  };
}

/** Resources that somebody wrote into the node's status; devices of plugins are counted by those who give them out. */
function otherResources(node: Node | undefined, isOfPlugin: (resource: string) => boolean): Record<string, string> {
  return Object.fromEntries(
    Object.entries(node?.status?.allocatable ?? {}).filter(([name]) => isExtendedResource(name) && !isOfPlugin(name)),
  );
}

function withStatus({ state }: PodWorker): NodePod {
  const pod: Pod & NodePod = { ...state.pod, status: state.status };
  return pod;
}
