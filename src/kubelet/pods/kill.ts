/** Stops containers the way their pod asks for (kubernetes `pkg/kubelet/kuberuntime/kuberuntime_container.go`, killContainer). */
import type { ContainerRuntimeStatus } from '../../runtime/runtime.ts';
import { RuntimeError } from '../../runtime/runtime.ts';
import { errorText } from '../../util/log.ts';
import { runHook } from './hooks.ts';
import { containerNameOf, readySandbox, type ObservedPod } from './observed.ts';
import { findContainer, isSidecar, type NodePod, type PodContainer } from './pod.ts';
import type { PodServices } from './services.ts';

export interface KillOptions {
  /** Seconds for preStop and the stop signal together. */
  readonly graceSeconds: number;
  /** The text of the event; `Stopping container NAME` without. */
  readonly message?: string;
  /** Seconds that may be lost waiting for other containers; used for sidecars. */
  readonly turn?: Promise<void>;
}

/** A container is never given less than this. */
const MIN_GRACE_SECONDS = 2;

/** The seconds that a pod has to end. */
export function podGraceSeconds(pod: NodePod): number {
  const { deletionGracePeriodSeconds } = pod.metadata;
  return Math.max(1, deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30);
}

/** Stops one container; resolves when it has ended. */
export async function killContainer(
  services: PodServices,
  pod: NodePod,
  target: PodContainer,
  id: string,
  podIP: string,
  options: KillOptions,
): Promise<void> {
  const { container } = target;
  const { runtime, host, events, log } = services;
  events.container(pod, target, 'Normal', 'Killing', options.message ?? `Stopping container ${container.name}`);
  const start = host.clock.monotonic();
  const left = (): number => options.graceSeconds - Math.floor((host.clock.monotonic() - start) / 1000);
  const preStop = container.lifecycle?.preStop;
  if (preStop && options.graceSeconds > 0) {
    const over = new AbortController();
    const timer = host.clock.after(options.graceSeconds * 1000, () => over.abort());
    try {
      await runHook(services, preStop, { pod, container, containerId: id, podIP, signal: over.signal });
    } catch (error) {
      log.warn('PreStop hook failed', { pod: pod.metadata.name, container: container.name, err: errorText(error) });
      events.container(pod, target, 'Warning', 'FailedPreStopHook', 'PreStopHook failed');
    } finally {
      timer.cancel();
    }
  }
  if (options.turn) await within(options.turn, left(), services);
  await ignoringGone(runtime.stopContainer(id, Math.max(MIN_GRACE_SECONDS, left())));
}

/** Stops all containers of a pod: app containers at once, then sidecars in reverse order; then its sandboxes. */
export async function killPod(services: PodServices, pod: NodePod, observed: ObservedPod, graceSeconds: number): Promise<void> {
  const podIP = readySandbox(observed)?.ips[0] ?? '';
  const live = observed.containers.filter((c) => c.state === 'running' || c.state === 'unknown');
  const sidecars = (pod.spec.initContainers ?? []).filter(isSidecar).map((c) => c.name);
  const rank = (c: ContainerRuntimeStatus): number => sidecars.indexOf(containerNameOf(c));
  const kill = (c: ContainerRuntimeStatus, turn?: Promise<void>): Promise<void> =>
    killContainer(services, pod, targetOf(pod, c), c.id, podIP, { graceSeconds, ...(turn && { turn }) });

  let turn: Promise<void> = Promise.all(live.filter((c) => rank(c) < 0).map((c) => kill(c))).then(() => undefined);
  const all: Promise<void>[] = [turn];
  for (const c of live.filter((l) => rank(l) >= 0).sort((a, b) => rank(b) - rank(a))) {
    turn = kill(c, turn);
    all.push(turn);
  }
  const results = await Promise.allSettled(all);
  await stopSandboxes(services, observed);
  const failure = results.find((r) => r.status === 'rejected');
  if (failure) throw failure.reason;
}

export async function stopSandboxes({ runtime }: PodServices, observed: ObservedPod): Promise<void> {
  for (const sandbox of observed.sandboxes) if (sandbox.state === 'ready') await ignoringGone(runtime.stopPodSandbox(sandbox.id));
}

/** A container whose spec is gone is stopped by its name alone. */
function targetOf(pod: NodePod, c: ContainerRuntimeStatus): PodContainer {
  const name = containerNameOf(c);
  return findContainer(pod.spec, name) ?? { kind: 'container', container: { name } };
}

async function within(turn: Promise<void>, seconds: number, { host }: PodServices): Promise<void> {
  const over = new AbortController();
  await Promise.race([turn.catch(() => undefined), host.clock.sleep(Math.max(0, seconds) * 1000, over.signal)]);
  over.abort();
}

export async function ignoringGone(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof RuntimeError && error.code === 'notFound')) throw error;
  }
}
