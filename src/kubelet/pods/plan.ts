/**
 * What is to be done for a pod, from its spec and what the runtime says: a pure function
 * (kubernetes `pkg/kubelet/kuberuntime/kuberuntime_manager.go`, computePodActions).
 */
import { restartsAfter } from '../../api/restart-rules.ts';
import type { ContainerRuntimeStatus } from '../../runtime/runtime.ts';
import { CONTAINER_HASH, containerHash } from '../spec/labels.ts';
import { containersNamed, isRunning, type ObservedPod } from './observed.ts';
import { isSidecar, restartPolicyOf, type AnyContainer, type NodePod, type PodContainer } from './pod.ts';
import { containersToReset, type ContainerToReset } from './restart-all.ts';

/** What probes say of a container, by its runtime id; `unknown` while there is no result. */
export type ProbeResult = 'success' | 'failure' | 'unknown';
export interface ProbeResults {
  result(kind: 'liveness' | 'readiness' | 'startup', containerId: string): ProbeResult;
}

/** For pods without probes: nothing has a result. */
export const NO_PROBE_RESULTS: ProbeResults = { result: () => 'unknown' };

/** A container to stop before the rest goes on. */
export interface ContainerToKill {
  readonly id: string;
  readonly target: PodContainer;
  /** The text of the event. */
  readonly message: string;
  /** A probe's own grace period counts for these. */
  readonly probe?: 'liveness' | 'startup';
}

export interface PodPlan {
  /** Stop all containers and the sandbox. */
  readonly killPod: boolean;
  readonly createSandbox: boolean;
  /** Of the sandbox in use or to be made. */
  readonly attempt: number;
  /** The sandbox that is kept. */
  readonly sandboxId: string | undefined;
  readonly kill: readonly ContainerToKill[];
  /** To remove, one after the other, before all start anew. */
  readonly reset: readonly ContainerToReset[];
  /** In this order: ephemeral, init, app containers. */
  readonly start: readonly PodContainer[];
}

const NONE: ReadonlySet<string> = new Set();

/** Whether anything is to be done. */
export const isIdle = (plan: PodPlan): boolean =>
  !plan.killPod && !plan.createSandbox && plan.kill.length === 0 && plan.reset.length === 0 && plan.start.length === 0;

/** The actions that bring a pod that should run closer to its spec. */
export function planPod(
  pod: NodePod,
  observed: ObservedPod,
  probes: ProbeResults = NO_PROBE_RESULTS,
  /** Names of running containers whose new resources need a restart. */
  resized: ReadonlySet<string> = NONE,
  /** Everything of the pod ends and begins anew. */
  restartAll = false,
): PodPlan {
  const sandbox = planSandbox(observed);
  if (restartAll && pod.metadata.deletionTimestamp === undefined) {
    const { create, attempt, id: sandboxId } = sandbox;
    const reset = containersToReset(pod, observed);
    return { killPod: create, createSandbox: create, attempt, sandboxId, kill: [], reset, start: [] };
  }
  if (sandbox.create) return planNewSandbox(pod, observed, sandbox.attempt);
  const kept = { createSandbox: false, attempt: sandbox.attempt, sandboxId: sandbox.id };
  const nothing: PodPlan = { ...kept, killPod: false, kill: [], reset: [], start: [] };
  if (pod.metadata.deletionTimestamp !== undefined) return nothing;

  const ephemeral = (pod.spec.ephemeralContainers ?? [])
    .filter((c) => containersNamed(observed, c.name).length === 0)
    .map((container) => ({ kind: 'ephemeral' as const, container }));
  const init = planInitContainers(pod, observed, probes, resized);
  if (init.killPod) return { ...nothing, killPod: true };
  if (!init.initialized) return { ...nothing, kill: init.kill, start: [...ephemeral, ...init.start] };

  const app = planAppContainers(pod, observed, probes, resized);
  if (app.kept === 0 && app.start.length === 0) return { ...nothing, killPod: true };
  return { ...nothing, kill: [...init.kill, ...app.kill], start: [...ephemeral, ...init.start, ...app.start] };
}

/** Whether a new sandbox is needed, and with which attempt. */
export function planSandbox(observed: ObservedPod): { create: boolean; attempt: number; id: string | undefined } {
  const [newest] = observed.sandboxes;
  if (newest === undefined) return { create: true, attempt: 0, id: undefined };
  const ready = observed.sandboxes.filter((s) => s.state === 'ready').length;
  const unusable = ready > 1 || newest.state !== 'ready' || (newest.network === 'pod' && newest.ips.length === 0);
  return unusable
    ? { create: true, attempt: newest.metadata.attempt + 1, id: undefined }
    : { create: false, attempt: newest.metadata.attempt, id: newest.id };
}

function planNewSandbox(pod: NodePod, observed: ObservedPod, attempt: number): PodPlan {
  const none: PodPlan = { killPod: true, createSandbox: false, attempt, sandboxId: undefined, kill: [], reset: [], start: [] };
  if (pod.metadata.deletionTimestamp !== undefined) return none;
  const app = pod.spec.containers.filter(
    (c) => containersNamed(observed, c.name)[0] === undefined || attempt === 0 || restartable(pod, c, newestExit(observed, c.name)),
  );
  const restartsAny = pod.spec.containers.some((c) => (c.restartPolicy ?? restartPolicyOf(pod)) !== 'Never');
  if (!restartsAny && attempt !== 0 && observed.containers.length > 0) return none;
  if (app.length === 0 && pod.spec.containers.some((c) => containersNamed(observed, c.name).length > 0)) return none;
  const [firstInit] = pod.spec.initContainers ?? [];
  const start: PodContainer[] = firstInit
    ? [{ kind: 'init', container: firstInit }]
    : app.map((container) => ({ kind: 'container' as const, container }));
  return { ...none, createSandbox: true, start };
}

interface InitPlan {
  readonly initialized: boolean;
  readonly killPod: boolean;
  readonly kill: readonly ContainerToKill[];
  readonly start: readonly PodContainer[];
}

/** Init containers from the last to the first: the first with a status says how far the pod came. */
function planInitContainers(pod: NodePod, observed: ObservedPod, probes: ProbeResults, resized: ReadonlySet<string>): InitPlan {
  const list = pod.spec.initContainers ?? [];
  const before = pod.spec.containers.some((c) => {
    const state = containersNamed(observed, c.name)[0]?.state;
    return state === 'running' || state === 'created';
  });
  let initialized = before || list.length === 0;
  let found = initialized;
  const kill: ContainerToKill[] = [];
  const start = new Set<number>();
  const next = (index: number): void => {
    if (index === list.length - 1) initialized = true;
    else start.add(index + 1);
  };
  for (let index = list.length - 1; index >= 0; index--) {
    const container = list[index];
    if (container === undefined) continue;
    const target: PodContainer = { kind: 'init', container };
    const status = containersNamed(observed, container.name)[0];
    const sidecar = isSidecar(container);
    if (found && !sidecar) continue;
    if (status === undefined) {
      if (found) start.add(index);
      continue;
    }
    const decides = !found;
    found = true;
    if (isRunning(status)) {
      if (!sidecar) continue;
      const trouble = runningTrouble(container, status, probes, 'Init container') ?? resizeTrouble(container, resized);
      if (trouble) {
        kill.push({ id: status.id, target, ...trouble });
        start.add(index);
      }
      const started = container.startupProbe === undefined || probes.result('startup', status.id) === 'success';
      if (decides && started && trouble?.probe !== 'startup') next(index);
    } else if (status.state === 'exited') {
      if (sidecar) start.add(index);
      else if (status.exitCode === 0 && status.reason !== 'OOMKilled') next(index);
      else if (!restartable(pod, container, status)) return { initialized: false, killPod: true, kill: [], start: [] };
      else start.add(index);
    } else {
      if (status.state === 'unknown') {
        if (!sidecar && (container.restartPolicy ?? restartPolicyOf(pod)) === 'Never')
          return { initialized: false, killPod: true, kill: [], start: [] };
        kill.push({ id: status.id, target, message: 'Init container is in "unknown" state, try killing it before restart' });
      }
      start.add(index);
    }
  }
  if (!found) start.add(0);
  const ordered = [...start].sort((a, b) => a - b);
  return {
    initialized,
    killPod: false,
    kill,
    start: ordered.flatMap((i) => {
      const container = list[i];
      return container ? [{ kind: 'init' as const, container }] : [];
    }),
  };
}

function planAppContainers(pod: NodePod, observed: ObservedPod, probes: ProbeResults, resized: ReadonlySet<string>) {
  const kill: ContainerToKill[] = [];
  const start: PodContainer[] = [];
  let kept = 0;
  for (const container of pod.spec.containers) {
    const target: PodContainer = { kind: 'container', container };
    const status = containersNamed(observed, container.name)[0];
    if (isRunning(status)) {
      const trouble = runningTrouble(container, status, probes, 'Container');
      const resize = trouble === undefined ? resizeTrouble(container, resized) : undefined;
      if (resize) {
        kill.push({ id: status.id, target, ...resize });
        start.push(target);
        continue;
      }
      if (trouble === undefined) {
        kept++;
        continue;
      }
      const restart = trouble.probe === undefined || (container.restartPolicy ?? restartPolicyOf(pod)) !== 'Never';
      kill.push({ id: status.id, target, ...trouble, message: trouble.message + (restart ? ', will be restarted' : '') });
      if (restart) start.push(target);
    } else if (status === undefined || status.state === 'created' || status.state === 'unknown') {
      if (status?.state === 'unknown')
        kill.push({ id: status.id, target, message: 'Container is in "unknown" state, try killing it before restart' });
      start.push(target);
    } else if (restartable(pod, container, status)) start.push(target);
  }
  return { kept, kill, start };
}

/** Why a running container must be stopped, if it must. */
function runningTrouble(
  container: AnyContainer,
  status: ContainerRuntimeStatus,
  probes: ProbeResults,
  what: string,
): { message: string; probe?: 'liveness' | 'startup' } | undefined {
  const hash = status.annotations[CONTAINER_HASH];
  if (hash !== undefined && hash !== containerHash(container)) return { message: `${what} ${container.name} definition changed` };
  if (container.livenessProbe && probes.result('liveness', status.id) === 'failure')
    return { message: `${what} ${container.name} failed liveness probe`, probe: 'liveness' };
  if (container.startupProbe && probes.result('startup', status.id) === 'failure')
    return { message: `${what} ${container.name} failed startup probe`, probe: 'startup' };
  return undefined;
}

const resizeTrouble = (
  { name }: AnyContainer,
  resized: ReadonlySet<string>,
): { readonly message: string; readonly probe?: 'liveness' | 'startup' } | undefined =>
  resized.has(name) ? { message: `Container ${name} resize requires restart` } : undefined;

const newestExit = (observed: ObservedPod, name: string): ContainerRuntimeStatus | undefined =>
  containersNamed(observed, name).find((c) => c.state === 'exited');

/** Whether an exited container is to run again by the restart policy and the rules of its own. */
export const restartable = (pod: NodePod, container: AnyContainer, status: Pick<ContainerRuntimeStatus, 'exitCode'> | undefined): boolean =>
  status === undefined || restartsAfter(container, pod.spec.restartPolicy, status.exitCode);
