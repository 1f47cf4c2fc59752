/** The end of a pod: everything stopped, the last status written, the API object deleted, the remains removed. */
import { join } from 'node:path';
import { hasReason } from '../../api/status.ts';
import { resources } from '../../api/resources.ts';
import { errorText } from '../../util/log.ts';
import { podLogDirectory } from '../spec/sandbox-config.ts';
import { podDirectory } from './directories.ts';
import { ignoringGone, killPod, podGraceSeconds, stopSandboxes } from './kill.ts';
import { anyRunning, containerNameOf } from './observed.ts';
import { isStatic } from './pod.ts';
import { look, publish, type PodState } from './pod-state.ts';
import type { PodServices } from './services.ts';
import { logLinkName } from './start-container.ts';

/** Stops all containers and sandboxes; true when nothing runs any more. */
export async function terminatePod(services: PodServices, state: PodState): Promise<boolean> {
  const { pod, observed } = state;
  services.probes.stop(pod.metadata.uid, { keepReadiness: true });
  if (anyRunning(observed)) {
    try {
      await killPod(services, pod, observed, state.verdict?.graceSeconds ?? podGraceSeconds(pod));
    } catch (error) {
      services.events.pod(pod, 'Warning', 'FailedKillPod', `error killing pod: ${errorText(error)}`);
      throw error;
    }
  } else await stopSandboxes(services, observed);
  services.probes.stop(pod.metadata.uid);
  return !anyRunning(await look(services, state));
}

/** Writes the last status, removes the volumes, and deletes the API object when it waits for that. */
export async function completePod(services: PodServices, state: PodState): Promise<void> {
  const { pod } = state;
  const { uid, name, namespace, deletionTimestamp } = pod.metadata;
  publish(services, state, { finished: true });
  await services.volumes.remove(uid);
  await services.cgroups.ended(pod);
  await services.users.release(uid);
  services.images.forget(uid);
  services.crashes.forget(`${uid}_`);
  if (deletionTimestamp === undefined || state.removed || isStatic(pod) || services.client === undefined) return;
  await services.statuses.flush(uid);
  try {
    await services.client.delete(resources.pods, name, { namespace, delete: { gracePeriodSeconds: 0, preconditions: { uid } } });
  } catch (error) {
    if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
  }
}

/** Removes what is left of a pod that no source knows: containers, sandboxes, logs, directories. */
export async function removeRemains(services: PodServices, state: PodState): Promise<void> {
  const { pod } = state;
  const { runtime, host, settings } = services;
  const { containers, sandboxes } = await look(services, state);
  for (const c of containers) {
    await host.files.rm(join(settings.containerLogsDir, logLinkName(pod, containerNameOf(c), c.id)), { force: true });
    await ignoringGone(runtime.removeContainer(c.id));
  }
  for (const { id } of sandboxes) {
    await ignoringGone(runtime.stopPodSandbox(id));
    await ignoringGone(runtime.removePodSandbox(id));
  }
  await services.cgroups.remove(pod);
  await host.files.rm(podLogDirectory(settings.podLogsDir, pod), { recursive: true, force: true });
  await host.files.rm(podDirectory(settings.rootDir, pod.metadata.uid), { recursive: true, force: true });
  services.statuses.forget(pod.metadata.uid);
}
