/** Removes what no pod needs any more: old dead containers and sandboxes, logs and directories of pods that are gone (kubernetes `pkg/kubelet/kuberuntime/kuberuntime_gc.go`). */
import { basename, join } from 'node:path';
import type { ContainerSummary, PodSandbox } from '../../runtime/runtime.ts';
import { errorText } from '../../util/log.ts';
import { ignoringGone } from '../pods/kill.ts';
import { newestFirst } from '../pods/observed.ts';
import type { PodServices } from '../pods/services.ts';
import { CONTAINER_NAME, POD_DELETION_GRACE, POD_GRACE, POD_UID } from '../spec/labels.ts';

/** Dead containers that are kept of each name. */
const KEEP_DEAD = 1;
const MIN_GRACE_SECONDS = 2;

/** One pass. `has` says whether a pod is known; only call this when all sources have spoken. */
export async function collectGarbage(services: PodServices, has: (uid: string) => boolean): Promise<void> {
  const { runtime } = services;
  const [sandboxes, containers] = await Promise.all([runtime.listPodSandboxes(), runtime.listContainers()]);
  const uidOf = (labels: Readonly<Record<string, string>>): string | undefined => labels[POD_UID];
  const orphan = (labels: Readonly<Record<string, string>>): boolean => {
    const uid = uidOf(labels);
    return uid !== undefined && !has(uid);
  };
  const orphans = containers.filter((c) => orphan(c.labels));
  if (orphans.length > 0) services.metrics.orphanedRuntimePods.increase([], new Set(orphans.map((c) => uidOf(c.labels))).size);
  await Promise.all(orphans.map((c) => removeOrphan(services, c)));
  for (const c of spareContainers(containers.filter((x) => uidOf(x.labels) !== undefined && !orphan(x.labels)))) {
    await removeLogs(services, c);
    await ignoringGone(runtime.removeContainer(c.id));
  }
  const inUse = new Set(containers.filter((c) => !orphan(c.labels)).map((c) => c.sandboxId));
  for (const sandbox of spareSandboxes(sandboxes, inUse, orphan)) {
    await ignoringGone(runtime.stopPodSandbox(sandbox.id));
    await ignoringGone(runtime.removePodSandbox(sandbox.id));
  }
  await services.cgroups.removeOrphans(has);
  await services.users.releaseOrphans(has);
  await removeDirectories(services, has, new Set([...sandboxes, ...containers].flatMap((x) => uidOf(x.labels) ?? [])));
}

/** A container that runs for a pod which nobody knows is stopped with the grace that it was made with. */
async function removeOrphan({ runtime, log }: PodServices, c: ContainerSummary): Promise<void> {
  try {
    const grace = Number(c.annotations[POD_DELETION_GRACE] ?? c.annotations[POD_GRACE] ?? 1) || 0;
    if (c.state === 'running' || c.state === 'unknown') {
      log.info('Stopping a container of a pod that is gone', { container: c.id, pod: c.labels[POD_UID] });
      await ignoringGone(runtime.stopContainer(c.id, Math.max(MIN_GRACE_SECONDS, grace)));
    }
    await ignoringGone(runtime.removeContainer(c.id));
  } catch (error) {
    log.warn('Container could not be removed', { container: c.id, err: errorText(error) });
  }
}

/** Dead containers beyond the newest of each name. */
export function spareContainers(containers: readonly ContainerSummary[]): ContainerSummary[] {
  const dead = newestFirst(containers.filter((c) => c.state === 'exited'));
  const counts = new Map<string, number>();
  return dead.filter((c) => {
    const key = `${c.labels[POD_UID] ?? ''}/${c.labels[CONTAINER_NAME] ?? ''}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count > KEEP_DEAD;
  });
}

/** Sandboxes that are down, hold nothing, and are not their pod's newest; all of pods that are gone. */
export function spareSandboxes(
  sandboxes: readonly PodSandbox[],
  inUse: ReadonlySet<string>,
  orphan: (labels: Readonly<Record<string, string>>) => boolean,
): PodSandbox[] {
  const newest = new Set<string>();
  const known = new Set<string>();
  for (const sandbox of newestFirst(sandboxes)) {
    const uid = sandbox.labels[POD_UID] ?? '';
    if (!known.has(uid)) newest.add(sandbox.id);
    known.add(uid);
  }
  return sandboxes.filter(
    (s) => s.labels[POD_UID] !== undefined && (orphan(s.labels) || (s.state !== 'ready' && !inUse.has(s.id) && !newest.has(s.id))),
  );
}

async function removeLogs({ host, runtime, settings }: PodServices, c: ContainerSummary): Promise<void> {
  const { logPath } = await runtime.containerStatus(c.id);
  const directory = join(logPath, '..');
  for (const name of await host.files.readdir(directory).catch(() => []))
    if (name.startsWith(basename(logPath))) await host.files.rm(join(directory, name), { force: true });
  for (const name of await host.files.readdir(settings.containerLogsDir).catch(() => []))
    if (name.endsWith(`-${c.id}.log`)) await host.files.rm(join(settings.containerLogsDir, name), { force: true });
}

async function removeDirectories(
  { host, settings, volumes, log, metrics }: PodServices,
  has: (uid: string) => boolean,
  live: ReadonlySet<string>,
): Promise<void> {
  const { files } = host;
  const gone = (uid: string): boolean => !has(uid) && !live.has(uid);
  let [cleaned, errors] = [0, 0];
  for (const uid of await files.readdir(join(settings.rootDir, 'pods')).catch(() => [])) {
    if (!gone(uid)) continue;
    try {
      await volumes.remove(uid);
      await files.rm(join(settings.rootDir, 'pods', uid), { recursive: true, force: true });
      cleaned += 1;
    } catch (error) {
      errors += 1;
      log.warn('Directory of a pod that is gone could not be removed', { uid, err: errorText(error) });
    }
  }
  metrics.orphanPodCleanedVolumes.set(cleaned);
  metrics.orphanPodCleanedVolumesErrors.set(errors);
  for (const name of await files.readdir(settings.podLogsDir).catch(() => [])) {
    const [, , uid, more] = name.split('_');
    if (uid !== undefined && more === undefined && gone(uid))
      await files.rm(join(settings.podLogsDir, name), { recursive: true, force: true });
  }
  for (const name of await files.readdir(settings.containerLogsDir).catch(() => [])) {
    const link = join(settings.containerLogsDir, name);
    const target = await files.readlink(link).catch(() => '');
    const uid = target.startsWith(settings.podLogsDir)
      ? (target.slice(settings.podLogsDir.length + 1).split('/')[0] ?? '').split('_')[2]
      : undefined;
    if (uid !== undefined && gone(uid)) await files.rm(link, { force: true });
  }
}
