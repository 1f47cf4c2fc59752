/** The end of a resize: limits of the pod and of its containers (kubernetes `pkg/kubelet/kuberuntime/kuberuntime_manager.go`, doPodResizeAction). */
import { RuntimeError } from '../../runtime/runtime.ts';
import { errorText } from '../../util/log.ts';
import { podLimits } from '../cgroups/pod-limits.ts';
import { sandboxResources } from '../spec/sandbox-resources.ts';
import { readySandbox } from './observed.ts';
import { publish, type PodState } from './pod-state.ts';
import { resizeText } from './resize.ts';
import { memoryInUse, type ContainerResize } from './resize-containers.ts';
import type { PodServices } from './services.ts';
import type { SyncOutcome } from './sync-pod.ts';

const RESIZE_RETRY_MS = 10_000;

/** Writes the limits that were granted; a resize is over when nothing is left to write. */
export async function finishResize(
  services: PodServices,
  state: PodState,
  resizes: readonly ContainerResize[],
  otherwise: SyncOutcome = { again: false },
): Promise<SyncOutcome> {
  const { inProgress } = state.resize;
  if (inProgress === undefined) return otherwise;
  const { pod } = state;
  const { generation } = inProgress;
  const began = services.host.clock.monotonic();
  const done = (success: boolean): void => {
    if (resizes.length > 0) services.metrics.podResizeDuration.observe(services.host.clock.monotonic() - began, [String(success)]);
  };
  try {
    const { memoryLimitBytes } = podLimits(pod, services.settings);
    const inUse = await memoryInUse(pod, state.observed, resizes, (...asked) => services.cgroups.memory(...asked), memoryLimitBytes);
    if (inUse !== undefined) throw new Error(inUse);
    await tellRuntime(services, state, resizes);
    // A container's limit must lie below its pod's at every moment: the pod's grows before, and shrinks after.
    await services.cgroups.ensure(pod);
    for (const { id, resources, restart } of resizes) if (!restart) await services.runtime.updateContainerResources(id, resources);
    await services.cgroups.ensure(pod);
    done(true);
  } catch (error) {
    done(false);
    const text = errorText(error);
    if (inProgress.error !== text) services.events.pod(pod, 'Warning', 'ResizeError', resizeText('error', pod, generation, text));
    state.resize = { ...state.resize, inProgress: { generation, error: text } };
    publish(services, state, { finished: false });
    return { again: false, retryMs: RESIZE_RETRY_MS };
  }
  const { inProgress: _done, ...rest } = state.resize;
  state.resize = rest;
  services.events.pod(pod, 'Normal', 'ResizeCompleted', resizeText('completed', pod, generation));
  return { ...otherwise, again: true };
}

/** The runtime may refuse what the pod is to have; most cannot say, and then the resize goes on (updatePodSandboxResources). */
async function tellRuntime(
  { runtime, settings }: PodServices,
  { pod, observed }: PodState,
  resizes: readonly ContainerResize[],
): Promise<void> {
  const sandbox = readySandbox(observed);
  if (sandbox === undefined) return;
  const { resources, overhead } = sandboxResources(pod.spec, settings);
  try {
    await runtime.updatePodSandboxResources?.(sandbox.id, resources, overhead);
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    const { code, message } = error;
    if (code === 'unimplemented' || (code === 'unknown' && message.includes('not implemented'))) return;
    const what = resizes.some((resize) => resize.resources.memoryLimitBytes !== undefined) ? 'memory' : 'cpu';
    throw new Error(
      `failed to notify runtime for UpdatePodSandboxResources (resource=${what}); resize rejected: updatePodSandboxResources failed for sanboxID "${sandbox.id}": ${message}`,
      { cause: error },
    );
  }
}
