/** Starts one container: back-off, image, configuration, create, start, postStart (kubernetes `pkg/kubelet/kuberuntime/kuberuntime_container.go`, startContainer). */
import { basename, join } from 'node:path';
import { formatDuration } from '../../api/duration.ts';
import type { ContainerConfig, Image, PodSandboxConfig } from '../../runtime/runtime.ts';
import { errorText } from '../../util/log.ts';
import { podDirectory } from './directories.ts';
import { containerEnv } from '../spec/env.ts';
import { expand } from '../spec/expand.ts';
import { hostsFile } from '../spec/hosts.ts';
import { containerAnnotations, containerHash, containerLabels, RESTART_COUNT } from '../spec/labels.ts';
import { containerMounts } from '../spec/mounts.ts';
import { credentialsFor, type RegistryCredential } from '../spec/pull-secrets.ts';
import { containerResources } from '../spec/resources.ts';
import { containerSecurity } from '../spec/security.ts';
import { unenforced } from '../spec/unenforced.ts';
import { podServiceEnv } from '../spec/service-env.ts';
import type { ReadyVolume } from '../volumes/volume-manager.ts';
import type { WaitingReason } from './container-status.ts';
import { runHook } from './hooks.ts';
import type { EnsuredImage } from './image-puller.ts';
import { ignoringGone, killContainer, podGraceSeconds } from './kill.ts';
import { containersNamed, unlessGone, type ObservedPod } from './observed.ts';
import { podText, type NodePod, type PodContainer } from './pod.ts';
import type { PodServices } from './services.ts';

export interface StartInput {
  readonly pod: NodePod;
  readonly target: PodContainer;
  readonly observed: ObservedPod;
  readonly sandboxId: string;
  readonly sandbox: PodSandboxConfig;
  readonly podIPs: readonly string[];
  readonly volumes: ReadonlyMap<string, ReadyVolume>;
  readonly credentials: readonly RegistryCredential[];
  /** Makes the image available that a volume is; undefined for a volume that is none. */
  readonly imageVolume: (volume: string) => Promise<EnsuredImage | undefined>;
  readonly signal: AbortSignal;
}

export type StartResult =
  | { readonly started: string }
  /** `retryMs`: when it is worth trying again; a failed container waits for its own exit instead. */
  | { readonly failed: WaitingReason; readonly retryMs: number | undefined };

const RETRY_MS = 10_000;

export async function startContainer(services: PodServices, input: StartInput): Promise<StartResult> {
  const { pod, target, sandbox, sandboxId, signal } = input;
  const { container } = target;
  const { runtime, events } = services;
  const event = (type: 'Normal' | 'Warning', reason: string, message: string): void => events.container(pod, target, type, reason, message);
  const failed = (reason: string, error: unknown, retryMs?: number): StartResult => {
    event('Warning', 'Failed', `Error: ${errorText(error)}`);
    return { failed: { reason, message: errorText(error) }, retryMs };
  };

  const waiting = crashWait(services, input);
  if (waiting) {
    event('Warning', 'BackOff', `Back-off restarting failed container ${container.name} in pod ${podText(pod)}`);
    const message = `back-off ${formatDuration(waiting.delayMs)} restarting failed container=${container.name} pod=${podText(pod)}`;
    return { failed: { reason: 'CrashLoopBackOff', message }, retryMs: waiting.remainingMs };
  }

  const found = await services.images.ensure(pod, container, credentialsFor(input.credentials, container.image ?? ''), event, signal);
  if ('failed' in found) {
    event('Warning', 'Failed', `Error: ${found.failed.reason}`);
    return found;
  }
  const imageVolumes = new Map<string, string>();
  for (const name of new Set(container.volumeMounts?.map((mount) => mount.name))) {
    const volume = await input.imageVolume(name);
    if (volume === undefined) continue;
    if ('failed' in volume) {
      event('Warning', 'Failed', `Error: ${volume.failed.reason}`);
      return volume;
    }
    imageVolumes.set(name, volume.image.id);
  }
  const cutOff = cutOffStart(services, input);
  let config: ContainerConfig;
  try {
    // Its name is wanted again.
    if (cutOff) await ignoringGone(runtime.removeContainer(cutOff.id));
    config = await containerConfig(services, input, { image: found.image, images: imageVolumes, again: cutOff === undefined });
  } catch (error) {
    return failed('CreateContainerConfigError', error, RETRY_MS);
  }
  signal.throwIfAborted();
  let id: string;
  try {
    id = await runtime.createContainer(sandboxId, config, sandbox);
  } catch (error) {
    return failed('CreateContainerError', error, RETRY_MS);
  }
  for (const sentence of unenforced(pod, container, runtime.unenforced)) event('Warning', 'SecurityNotEnforced', sentence);
  event('Normal', 'Created', 'Container created');
  try {
    await runtime.startContainer(id);
  } catch (error) {
    // A container that ended in the attempt waits for its back-off; one that was never started has none.
    const ended = (await unlessGone(runtime.containerStatus(id)).catch(() => undefined))?.state === 'exited';
    return failed('RunContainerError', error, ended ? undefined : RETRY_MS);
  }
  event('Normal', 'Started', 'Container started');
  await linkLog(services, input, id, join(sandbox.logDirectory, config.logPath));

  const postStart = container.lifecycle?.postStart;
  if (postStart) {
    const podIP = input.podIPs[0] ?? '';
    try {
      await runHook(services, postStart, { pod, container, containerId: id, podIP, signal });
    } catch (error) {
      signal.throwIfAborted();
      event('Warning', 'FailedPostStartHook', 'PostStartHook failed');
      await killContainer(services, pod, target, id, podIP, { graceSeconds: podGraceSeconds(pod), message: 'FailedPostStartHook' });
      return { failed: { reason: 'PostStartHookError', message: errorText(error) }, retryMs: undefined };
    }
  }
  return { started: id };
}

/** How long the container must still wait after its last exit; notes the attempt when it need not. */
function crashWait(
  { crashes, host }: PodServices,
  { pod, target, observed }: StartInput,
): { remainingMs: number; delayMs: number } | undefined {
  const { name } = target.container;
  const exited = containersNamed(observed, name).find((c) => c.state === 'exited');
  if (exited === undefined) return undefined;
  const key = `${pod.metadata.uid}_${name}_${containerHash(target.container)}`;
  const now = host.clock.now();
  const since = exited.finishedAt > 0 ? exited.finishedAt : exited.createdAt;
  const waiting = crashes.waiting(key, since, now);
  if (waiting === undefined) crashes.next(key, since, now);
  return waiting;
}

/** The container that the kubelet before this one made and did not live to start: it never ran, so that the next is no restart. */
function cutOffStart({ since }: PodServices, { target, observed }: StartInput): ObservedPod['containers'][number] | undefined {
  const [newest] = containersNamed(observed, target.container.name);
  return newest?.state === 'created' && newest.createdAt < since ? newest : undefined;
}

/** One more than the newest container's; after a wipe of the runtime, one more than the newest log's. */
async function restartCount({ host }: PodServices, { target, observed, sandbox }: StartInput, again: boolean): Promise<number> {
  const [newest] = containersNamed(observed, target.container.name);
  if (newest) return (Number(newest.annotations[RESTART_COUNT] ?? newest.metadata.attempt) || 0) + (again ? 1 : 0);
  const names = await host.files.readdir(join(sandbox.logDirectory, target.container.name)).catch(() => []);
  const counts = names.flatMap((name) => (/^\d+\.log/.test(name) ? [parseInt(name, 10)] : []));
  return counts.length === 0 ? 0 : Math.max(...counts) + 1;
}

interface Made {
  readonly image: Image;
  /** Ids of the images that are volumes, by the volume's name. */
  readonly images: ReadonlyMap<string, string>;
  /** Whether the newest container counts as one that ran before. */
  readonly again: boolean;
}

async function containerConfig(services: PodServices, input: StartInput, { image, images, again }: Made): Promise<ContainerConfig> {
  const { pod, target, observed, podIPs, sandbox, volumes } = input;
  const { container, kind } = target;
  const { settings, host } = services;
  const targetName = 'targetContainerName' in container ? container.targetContainerName : undefined;
  const targetId = targetName === undefined ? undefined : containersNamed(observed, targetName).find((c) => c.state === 'running')?.id;
  const security = containerSecurity(pod, container, image, settings, targetId, sandbox.security.namespaces.users);
  const ownIPs = pod.spec.hostNetwork === true ? services.hostIPs : podIPs;
  const given = await services.devices.prepare(pod, container);
  const now = host.clock.now();
  const [env, attempt, nodeHosts] = await Promise.all([
    serviceVariables(services, pod).then((variables) =>
      containerEnv({
        pod,
        container,
        objects: services.objects.reader(now - 1000),
        facts: { hostIPs: services.hostIPs, podIPs: ownIPs, allocatable: services.allocatable() },
        services: variables,
      }),
    ),
    restartCount(services, input, again),
    services.nodeHosts(),
    host.files.mkdir(join(sandbox.logDirectory, container.name), { recursive: true, mode: 0o755 }),
  ]);
  for (const [key, value] of given.envs) if (!env.has(key)) env.set(key, value);
  const fill = (text: string): string => expand(text, (name) => env.get(name));
  const mounts = await containerMounts({
    host,
    log: services.log,
    pod,
    container,
    podDir: podDirectory(settings.rootDir, pod.metadata.uid),
    volumes,
    images,
    env,
    hosts: ownIPs.length > 0 ? hostsFile(pod, ownIPs, settings.clusterDomain, nodeHosts) : undefined,
    mayMount: settings.mayMount,
    users: sandbox.security.namespaces.users,
  });
  const logPath = join(container.name, `${attempt}.log`);
  return {
    metadata: { name: container.name, attempt },
    image: { image: image.id, userSpecified: container.image ?? '' },
    command: (container.command ?? []).map(fill),
    args: (container.args ?? []).map(fill),
    workingDir: container.workingDir ?? '',
    envs: [...env].map(([key, value]) => ({ key, value })),
    mounts: [...given.mounts, ...mounts],
    devices: given.devices,
    ...(given.cdiDevices.length > 0 && { cdiDevices: given.cdiDevices }),
    labels: containerLabels(pod, container),
    annotations: { ...given.annotations, ...containerAnnotations(pod, container, kind, attempt) },
    logPath,
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty: container.tty === true,
    resources: containerResources(pod, container, settings),
    security,
    ...(container.lifecycle?.stopSignal !== undefined && { stopSignal: container.lifecycle.stopSignal }),
  };
}

async function serviceVariables({ services }: PodServices, pod: NodePod): Promise<Record<string, string>> {
  await services.synced;
  return podServiceEnv(services.all(), pod.metadata.namespace, pod.spec.enableServiceLinks !== false);
}

/** `POD_NS_CONTAINER-ID.log`: where log shippers look. */
export const logLinkName = (pod: NodePod, container: string, id: string): string =>
  `${pod.metadata.name}_${pod.metadata.namespace}_${container}-${id}.log`;

async function linkLog({ host, settings, log }: PodServices, { pod, target }: StartInput, id: string, path: string): Promise<void> {
  const link = join(settings.containerLogsDir, logLinkName(pod, target.container.name, id));
  try {
    await host.files.symlink(path, link);
  } catch (error) {
    log.warn('Log link could not be made', { link: basename(link), err: errorText(error) });
  }
}
