/** What one worker knows of its pod, and the two things that it does with that: look again, and publish. */
import type { PodStatus } from '../../api/types.ts';
import type { ContainerRuntimeStatus } from '../../runtime/runtime.ts';
import { resourceHealth, type DeviceManager } from '../devices/devices.ts';
import type { WaitingReason } from './container-status.ts';
import { isOwnedCondition } from './conditions.ts';
import { CONTAINER_TYPE } from '../spec/labels.ts';
import { containerType } from '../stats/container-type.ts';
import { newestFirst, NOTHING_OBSERVED, observePod, unlessGone, type ObservedPod } from './observed.ts';
import type { Phase } from './phase.ts';
import { isTerminalPhase, type NodePod } from './pod.ts';
import type { ResizeState } from './resize.ts';
import type { PodServices } from './services.ts';
import { podStatus } from './status.ts';
import { terminationMessage } from './termination-message.ts';

/** `running`: towards the spec. `terminating`: towards nothing running. `terminated`: only the API object and the remains are left. */
export type Stage = 'running' | 'terminating' | 'terminated';

/** What ends a pod although its containers did not: a deadline, an eviction, a shutdown. */
export interface PodVerdict {
  readonly reason: string;
  readonly message: string;
  /** In place of the pod's own grace period. */
  readonly graceSeconds?: number;
  /** The pod gets the condition DisruptionTarget. */
  readonly disruption?: boolean;
}

export interface PodState {
  pod: NodePod;
  stage: Stage;
  /** The source does not want the pod any more. */
  removed: boolean;
  /** Why the pod must end although its containers did not. */
  verdict: PodVerdict | undefined;
  status: PodStatus;
  observed: ObservedPod;
  /** The status of a pod that was over when it came, or was refused: it stays as long as the runtime knows nothing of the pod. */
  settled: PodStatus | undefined;
  /** By container name: why the last start failed. */
  readonly waiting: Map<string, WaitingReason>;
  /** By container name: a back-off that is not shown yet, and when it is. Until then the container's end is. */
  readonly backoffs: Map<string, { readonly why: WaitingReason; readonly showAt: number }>;
  /** What is under way of a change of its resources. */
  resize: ResizeState;
  /** Last words by container id: read once, when it ended. */
  readonly messages: Map<string, string>;
  /** The pod's directory is there. */
  hasDirectory: boolean;
}

/** `refused`: the status of a pod that the node does not take. */
export function newPodState(pod: NodePod, refused?: PodStatus): PodState {
  const settled = refused ?? (isTerminalPhase(pod.status.phase) ? pod.status : undefined);
  return {
    pod,
    stage: settled ? 'terminating' : 'running',
    settled,
    removed: false,
    verdict: undefined,
    status: settled ?? pod.status,
    observed: NOTHING_OBSERVED,
    waiting: new Map(),
    backoffs: new Map(),
    resize: resizeStateOf(pod.status),
    messages: new Map(),
    hasDirectory: false,
  };
}

/** The node does not take the pod after all. */
export function settleAs(state: PodState, refused: PodStatus): void {
  Object.assign(state, { settled: refused, status: refused, stage: 'terminating' });
}

/** A resize that was granted before the kubelet started goes on. */
function resizeStateOf({ conditions = [] }: PodStatus): ResizeState {
  const under = conditions.find((c) => c.type === 'PodResizeInProgress' && c.status === 'True');
  return under === undefined ? {} : { inProgress: { generation: under.observedGeneration } };
}

/** Takes a newer pod from the source; conditions that others wrote come with it. */
export function takePod(state: PodState, pod: NodePod): void {
  state.pod = pod;
  const foreign = (pod.status.conditions ?? []).filter((c) => !isOwnedCondition(c.type));
  const own = (state.status.conditions ?? []).filter((c) => isOwnedCondition(c.type));
  state.status = { ...state.status, conditions: [...foreign, ...own] };
}

/** Asks the runtime for everything of the pod. */
export async function look(services: PodServices, state: PodState): Promise<ObservedPod> {
  const { clock } = services.host;
  const began = clock.monotonic();
  const seen = await observePod(services.runtime, state.pod.metadata.uid);
  services.metrics.plegPodRelistDuration.observe((clock.monotonic() - began) / 1000);
  const containers = await Promise.all(seen.containers.map((c) => withLastWords(services, state, c)));
  state.observed = { ...seen, containers };
  const ids = new Set(seen.containers.map((c) => c.id));
  for (const id of state.messages.keys()) if (!ids.has(id)) state.messages.delete(id);
  return state.observed;
}

/** Asks the runtime for these containers alone: the rest is as it was seen last, and a change there wakes the pod. */
export async function lookAt(services: PodServices, state: PodState, ids: readonly string[]): Promise<ObservedPod> {
  const seen = await Promise.all(ids.map((id) => unlessGone(services.runtime.containerStatus(id))));
  const fresh = await Promise.all(seen.filter((c) => c !== undefined).map((c) => withLastWords(services, state, c)));
  const others = state.observed.containers.filter((c) => !ids.includes(c.id));
  state.observed = { ...state.observed, containers: newestFirst([...fresh, ...others]) };
  return state.observed;
}

async function withLastWords(
  { host, metrics }: PodServices,
  { messages }: PodState,
  c: ContainerRuntimeStatus,
): Promise<ContainerRuntimeStatus> {
  if (c.state !== 'exited') return c;
  if (!messages.has(c.id))
    metrics.terminatedContainers.increase([containerType(c.annotations[CONTAINER_TYPE]), String(c.exitCode), c.reason]);
  const message = messages.get(c.id) ?? (await terminationMessage(host.files, c));
  messages.set(c.id, message);
  return { ...c, message };
}

/** Computes the status from what was seen last and sends it on its way; the phase that the containers ask for. */
export function publish(
  services: PodServices,
  state: PodState,
  options: { readonly finished: boolean; readonly observed?: ObservedPod },
): Phase {
  if (state.settled && state.observed.containers.length === 0) {
    services.statuses.publish(state.pod, state.settled);
    return state.settled.phase === 'Succeeded' ? 'Succeeded' : 'Failed';
  }
  const now = services.host.clock.now();
  for (const [name, { why, showAt }] of state.backoffs)
    if (showAt <= now) {
      state.waiting.set(name, why);
      state.backoffs.delete(name);
    }
  const { status: computed, phase } = podStatus({
    pod: state.pod,
    observed: options.observed ?? state.observed,
    previous: state.status,
    waiting: state.waiting,
    probes: services.probes,
    runtimeName: services.runtimeName,
    hostIPs: services.hostIPs,
    finished: options.finished,
    verdict: state.verdict,
    resize: state.resize,
    now,
  });
  const status = withDevices(services.devices, state.pod.metadata.uid, computed);
  state.status = status;
  services.starts.published(state.pod, status);
  services.statuses.publish(state.pod, status);
  return phase;
}

/** Says of each app container how its devices are. */
function withDevices(devices: DeviceManager, uid: string, status: PodStatus): PodStatus {
  if (status.containerStatuses?.some(({ name }) => devices.ofContainer(uid, name).length > 0) !== true) return status;
  return {
    ...status,
    containerStatuses: status.containerStatuses.map((container) => {
      const own = devices.ofContainer(uid, container.name);
      return own.length === 0 ? container : { ...container, allocatedResourcesStatus: resourceHealth(own) };
    }),
  };
}
