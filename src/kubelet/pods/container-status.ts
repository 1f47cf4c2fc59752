/** API statuses of a pod's containers (kubernetes `pkg/kubelet/kubelet_pods.go`, convertToAPIContainerStatuses). */
import { goTime } from '../../api/time.ts';
import type { ContainerState, ContainerStatus, ObjectOf } from '../../api/types.ts';
import { normalizeReference } from '../../runtime/images/reference.ts';
import type { ContainerRuntimeStatus } from '../../runtime/runtime.ts';
import { RESTART_COUNT } from '../spec/labels.ts';
import { containersNamed, type ObservedPod } from './observed.ts';
import { restartable, type ProbeResults } from './plan.ts';
import { isSidecar, podContainers, type AnyContainer, type ContainerKind, type NodePod, type PodContainer } from './pod.ts';
import { RESTARTING_REASON } from './restart-all.ts';

type VolumeMountStatus = ObjectOf<'core/v1.VolumeMountStatus'>;

/** Why a container that should run does not. */
export interface WaitingReason {
  readonly reason: string;
  readonly message: string;
}

export interface ContainerStatusInput {
  readonly pod: NodePod;
  readonly observed: ObservedPod;
  /** The statuses as last published: what the runtime forgot is kept from them. */
  readonly previous: readonly ContainerStatus[];
  /** By container name, for those whose last start failed. */
  readonly waiting: ReadonlyMap<string, WaitingReason>;
  readonly probes: ProbeResults;
  /** All containers are removed and start anew. */
  readonly restartingAll?: boolean;
  /** `containerd`, `process`: the scheme of container ids. */
  readonly runtimeName: string;
}

const LOST = { reason: 'ContainerStatusUnknown', exitCode: 137 };
const LOST_MESSAGE = 'The container could not be located when the pod was deleted.  The container used to be Running';

const REMOVED = { reason: RESTARTING_REASON, message: 'The container is removed because RestartAllContainers in place' };

/** The statuses of one list of the spec, in the order in which the API shows them. */
export function containerStatuses(kind: ContainerKind, input: ContainerStatusInput): ContainerStatus[] {
  const statuses = podContainers(input.pod.spec)
    .filter((c) => c.kind === kind)
    .map((target) => containerStatus(target, input));
  return kind === 'init' ? statuses : statuses.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function containerStatus(target: PodContainer, input: ContainerStatusInput): ContainerStatus {
  const { container, kind } = target;
  const before = input.previous.find((s) => s.name === container.name);
  const [newest, older] = containersNamed(input.observed, container.name);
  const known = newest ? fromRuntime(newest, older, before, input) : fromMemory(target, before, input);
  const { state, lastState, ...rest } = waitingFor(target, newest, known, input);
  const mounts = volumeMountStatuses(container);
  const readiness = kind === 'ephemeral' ? { ready: false } : readinessOf(target, state, newest, input.probes);
  return {
    name: container.name,
    state,
    lastState,
    ...readiness,
    ...rest,
    ...(newest && kind !== 'ephemeral' && resourcesOf(container)),
    ...(mounts.length > 0 && { volumeMounts: mounts }),
  };
}

type Known = Required<Pick<ContainerStatus, 'state' | 'lastState' | 'restartCount' | 'image' | 'imageID'>> &
  Pick<ContainerStatus, 'containerID'>;

function fromRuntime(
  newest: ContainerRuntimeStatus,
  older: ContainerRuntimeStatus | undefined,
  before: ContainerStatus | undefined,
  input: ContainerStatusInput,
): Known {
  const counted = Number(newest.annotations[RESTART_COUNT] ?? newest.metadata.attempt) || 0;
  // Where older ones were removed the count may begin anew: what was published never shrinks.
  const restartCount = Math.max(counted, before?.restartCount ?? 0);
  const remembered = before?.restartCount === restartCount ? before.lastState : before?.state?.terminated && before.state;
  return {
    state: stateOf(newest, input.runtimeName),
    lastState: older ? stateOf(older, input.runtimeName) : (remembered ?? {}),
    restartCount,
    image: normalImage(newest.image),
    imageID: newest.imageRef,
    containerID: `${input.runtimeName}://${newest.id}`,
  };
}

/** `docker.io/library/busybox:1.36`: the full name, whatever the author wrote. */
function normalImage(image: string): string {
  if (image.startsWith('sha256:')) return image;
  return normalizeReference(image) ?? image;
}

/** A container that the runtime does not know: not made yet, or lost. */
function fromMemory(
  { container, kind }: PodContainer,
  before: ContainerStatus | undefined,
  { pod, restartingAll }: ContainerStatusInput,
): Known {
  const fresh: Known = {
    state: { waiting: { reason: (pod.spec.initContainers ?? []).length > 0 ? 'PodInitializing' : 'ContainerCreating' } },
    lastState: before?.lastState ?? {},
    restartCount: before?.restartCount ?? 0,
    image: container.image ?? '',
    imageID: '',
  };
  if (restartingAll === true && kind !== 'ephemeral' && before && before.state?.waiting === undefined)
    return {
      ...fresh,
      state: { waiting: REMOVED },
      lastState: { terminated: { exitCode: 137, ...REMOVED } },
      restartCount: fresh.restartCount + 1,
    };
  if (before?.state?.terminated) {
    const { image, imageID, containerID } = before;
    return { ...fresh, state: before.state, image, imageID, ...(containerID !== undefined && { containerID }) };
  }
  if (!before?.state?.running) return fresh;
  return {
    ...fresh,
    lastState: { terminated: { ...LOST, message: LOST_MESSAGE } },
    restartCount: fresh.restartCount + (pod.metadata.deletionTimestamp === undefined ? 1 : 0),
  };
}

/** A container that is to start and could not says why, instead of how it ended before. */
function waitingFor(target: PodContainer, newest: ContainerRuntimeStatus | undefined, known: Known, input: ContainerStatusInput): Known {
  const { container, kind } = target;
  const why = input.waiting.get(container.name);
  if (why === undefined || input.pod.metadata.deletionTimestamp !== undefined || known.state.running) return known;
  const ended = known.state.terminated;
  if (kind === 'init' && ended?.exitCode === 0 && !isSidecar(container)) return known;
  const again = isSidecar(container) && kind === 'init' ? true : restartable(input.pod, container, ended);
  if (newest?.state === 'exited' && (kind === 'ephemeral' || !again)) return known;
  if (newest === undefined && ended && !again) return known;
  return {
    ...known,
    state: { waiting: { reason: why.reason, ...(why.message !== '' && { message: why.message }) } },
    lastState: ended ? { terminated: ended } : known.lastState,
  };
}

/** One state of the API from one container of the runtime. */
export function stateOf(c: ContainerRuntimeStatus, runtimeName: string): ContainerState {
  const startedAt = c.startedAt > 0 ? { startedAt: goTime(c.startedAt) } : {};
  switch (c.state) {
    case 'running':
      return { running: startedAt };
    case 'exited':
      return {
        terminated: {
          exitCode: c.exitCode,
          ...(c.reason !== '' && { reason: c.reason }),
          ...(c.message !== '' && { message: c.message }),
          startedAt: startedAt.startedAt ?? ZERO_TIME,
          finishedAt: c.finishedAt > 0 ? goTime(c.finishedAt) : ZERO_TIME,
          containerID: `${runtimeName}://${c.id}`,
        },
      };
    case 'unknown':
      return {
        terminated: {
          ...LOST,
          message: 'The container could not be located when the pod was terminated',
          containerID: `${runtimeName}://${c.id}`,
        },
      };
    case 'created':
    default:
      return { waiting: {} };
  }
}

/** Go writes a time of 0 seconds since 1970 for a container that never ran. */
const ZERO_TIME = '1970-01-01T00:00:00Z';

function readinessOf(
  { container, kind }: PodContainer,
  state: ContainerState,
  newest: ContainerRuntimeStatus | undefined,
  probes: ProbeResults,
): { ready: boolean; started: boolean } {
  const running = state.running !== undefined && newest !== undefined;
  if (kind === 'init' && !isSidecar(container)) return { ready: state.terminated?.exitCode === 0, started: running };
  const started = running && (container.startupProbe === undefined || probes.result('startup', newest.id) === 'success');
  const ready = started && (container.readinessProbe === undefined || probes.result('readiness', newest.id) === 'success');
  return { ready, started };
}

function volumeMountStatuses(container: AnyContainer): VolumeMountStatus[] {
  return (container.volumeMounts ?? []).map(({ name, mountPath, readOnly, recursiveReadOnly }) => {
    if (readOnly !== true) return { name, mountPath };
    return { name, mountPath, readOnly, recursiveReadOnly: recursiveReadOnly === 'Enabled' ? 'Enabled' : 'Disabled' };
  });
}

function resourcesOf(container: AnyContainer): Pick<ContainerStatus, 'resources' | 'allocatedResources'> {
  const { requests = {}, limits = {} } = container.resources ?? {};
  return {
    ...(Object.keys(requests).length > 0 && { allocatedResources: requests }),
    resources: {
      ...(Object.keys(limits).length > 0 && { limits }),
      ...(Object.keys(requests).length > 0 && { requests }),
    },
  };
}
