/** One step of a pod towards its spec: does what the plan says (kubernetes `pkg/kubelet/kuberuntime/kuberuntime_manager.go`, SyncPod). */
import type { PodSandboxConfig } from '../../runtime/runtime.ts';
import type { Files } from '../../util/host.ts';
import { errorText } from '../../util/log.ts';
import { podDns } from '../spec/dns.ts';
import { credentialsFor, pullCredentials, type RegistryCredential } from '../spec/pull-secrets.ts';
import { runtimeHandler } from '../spec/runtime-handler.ts';
import { sandboxConfig } from '../spec/sandbox-config.ts';
import { containerType } from '../stats/container-type.ts';
import { VolumesNotReady, type ReadyVolume } from '../volumes/volume-manager.ts';
import { podDirectory } from './directories.ts';
import type { EnsuredImage } from './image-puller.ts';
import { finishResize } from './finish-resize.ts';
import { ignoringGone, killContainer, killPod, podGraceSeconds, stopSandboxes } from './kill.ts';
import { anyRunning, containersNamed, readySandbox, type ObservedPod } from './observed.ts';
import { isIdle, planPod, type ContainerToKill, type PodPlan } from './plan.ts';
import { isSidecar, type NodePod } from './pod.ts';
import { look, lookAt, publish, type PodState } from './pod-state.ts';
import { mustReset } from './restart-all.ts';
import { containerResizes } from './resize-containers.ts';
import type { PodServices } from './services.ts';
import { startContainer, type StartResult } from './start-container.ts';

export interface SyncOutcome {
  /** Something was done: look again at once. */
  readonly again: boolean;
  /** Milliseconds until it is worth trying what failed again. */
  readonly retryMs?: number;
}

/** A step that could not be done; an event was sent. Without `retryMs` it is tried again ever more slowly. */
class StepFailed extends Error {
  readonly retryMs: number | undefined;
  constructor(message: string, retryMs?: number) {
    super(message);
    this.name = 'StepFailed';
    this.retryMs = retryMs;
  }
}

const SANDBOX_RETRY_MS = 5000;
const NETWORK_RETRY_MS = 1000;
const SHOW_BACKOFF_MS = 12_500;
const SHOW_BEFORE_END_MS = 200;

/** `signal` is aborted when the pod is to end: what is under way is given up. */
export async function syncPod(services: PodServices, state: PodState, signal: AbortSignal): Promise<SyncOutcome> {
  const { pod } = state;
  services.cgroups.count(pod);
  const resizes = state.resize.inProgress ? containerResizes(pod, state.observed, services.settings) : [];
  const restarts = new Set(resizes.filter((r) => r.restart).map((r) => r.target.container.name));
  const plan = planPod(pod, state.observed, services.probes, restarts, mustReset(state.status));
  try {
    const volumes = await prepareVolumes(services, state);
    if (isIdle(plan)) return await finishResize(services, state, resizes);
    signal.throwIfAborted();
    await stopWhatMustStop(services, state, plan);
    if ((plan.killPod && !plan.createSandbox) || plan.reset.length > 0) return { again: true };
    const sandbox = await ensureSandbox(services, state, plan);
    signal.throwIfAborted();
    const outcome = await startAll(services, state, { plan, volumes, ...sandbox, signal });
    return state.resize.inProgress && !outcome.again ? await finishResize(services, state, resizes, outcome) : outcome;
  } catch (error) {
    if (signal.aborted) return { again: true };
    if (error instanceof StepFailed && error.retryMs !== undefined) return { again: false, retryMs: error.retryMs };
    throw error;
  }
}

async function prepareVolumes(services: PodServices, state: PodState): Promise<ReadonlyMap<string, ReadyVolume>> {
  const { host, settings, volumes, hostIPs } = services;
  const { pod } = state;
  const directory = podDirectory(settings.rootDir, pod.metadata.uid);
  try {
    if (!state.hasDirectory) await makeDirectory(host.files, directory);
    state.hasDirectory = true;
  } catch (error) {
    services.events.pod(pod, 'Warning', 'Failed', `error making pod data directories: ${errorText(error)}`);
    throw new StepFailed(errorText(error));
  }
  try {
    return await volumes.prepare(pod, { hostIPs, podIPs: [], allocatable: services.allocatable() });
  } catch (error) {
    if (!(error instanceof VolumesNotReady)) throw error;
    for (const { message } of error.failures) services.events.pod(pod, 'Warning', 'FailedMount', message);
    throw new StepFailed(error.message, error.retryMs);
  }
}

/** Step by step only where the parent is missing: Node calls a read-only file system "not found" when it makes several at once. */
async function makeDirectory(files: Files, path: string): Promise<void> {
  try {
    await files.mkdir(path, { mode: 0o750 });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') await files.mkdir(path, { recursive: true, mode: 0o750 });
    else if (code !== 'EEXIST') throw error;
  }
}

async function stopWhatMustStop(services: PodServices, state: PodState, plan: PodPlan): Promise<void> {
  const { pod, observed } = state;
  if (plan.killPod) {
    if (plan.createSandbox && observed.sandboxes.length > 0)
      services.events.pod(pod, 'Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
    if (anyRunning(observed)) await killPod(services, pod, observed, podGraceSeconds(pod));
    else await stopSandboxes(services, observed);
    if (plan.createSandbox) await removeInitContainers(services, state);
    return;
  }
  const podIP = readySandbox(observed)?.ips[0] ?? '';
  for (const kill of plan.kill)
    await killContainer(services, pod, kill.target, kill.id, podIP, { graceSeconds: graceFor(state, kill), message: kill.message });
  for (const { id, target, kill } of plan.reset) {
    if (kill) await killContainer(services, pod, target, id, podIP, { graceSeconds: 0, message: 'killing' });
    await ignoringGone(services.runtime.removeContainer(id));
  }
}

/** A probe may give its container another grace period than the pod. */
function graceFor({ pod }: PodState, { target: { container }, probe }: ContainerToKill): number {
  const own =
    probe === undefined
      ? undefined
      : (probe === 'liveness' ? container.livenessProbe : container.startupProbe)?.terminationGracePeriodSeconds;
  return own ?? podGraceSeconds(pod);
}

/** A new sandbox starts from the beginning: what the old init containers did does not count. */
async function removeInitContainers({ runtime }: PodServices, { pod, observed }: PodState): Promise<void> {
  for (const { name } of pod.spec.initContainers ?? [])
    for (const c of containersNamed(observed, name)) await ignoringGone(runtime.removeContainer(c.id));
}

interface Sandbox {
  readonly sandboxId: string;
  readonly sandbox: PodSandboxConfig;
  readonly podIPs: readonly string[];
}

async function ensureSandbox(services: PodServices, state: PodState, plan: PodPlan): Promise<Sandbox> {
  const { pod } = state;
  const { runtime, settings, events } = services;
  const dns = podDns(pod, { ...settings, host: await services.nodeDns() });
  const fail = (reason: string, message: string, retryMs: number): StepFailed => {
    events.pod(pod, 'Warning', reason, message);
    return new StepFailed(message, retryMs);
  };
  let sandbox: PodSandboxConfig;
  let handler = '';
  const ready = readySandbox(state.observed);
  try {
    if (plan.createSandbox || !ready || pod.spec.hostUsers === false) handler = await runtimeHandler(pod, services.client);
    const users = await services.users.mappings(pod, handler, async () => (await runtime.status()).handlers);
    sandbox = sandboxConfig(pod, plan.attempt, dns.config, settings, users);
  } catch (error) {
    throw fail('FailedCreatePodSandBox', `Failed to create pod sandbox: ${errorText(error)}`, SANDBOX_RETRY_MS);
  }
  if (!plan.createSandbox && ready) return { sandboxId: ready.id, sandbox, podIPs: ready.ips };

  for (const { reason, message } of dns.warnings) events.pod(pod, 'Warning', reason, message);
  if (pod.spec.hostNetwork !== true) {
    const network = (await runtime.status()).conditions.find((c) => c.type === 'NetworkReady');
    if (network?.status === false) {
      const why = `container runtime network not ready: NetworkReady=false reason:${network.reason} message:${network.message}`;
      throw fail('NetworkNotReady', `network is not ready: ${why}`, NETWORK_RETRY_MS);
    }
  }
  let sandboxId: string;
  // The runtime finds the first images while it makes the sandbox.
  for (const { container } of plan.start) services.images.expect(container);
  try {
    await Promise.all([services.host.files.mkdir(sandbox.logDirectory, { recursive: true, mode: 0o755 }), services.cgroups.ensure(pod)]);
    sandboxId = await runtime.runPodSandbox(sandbox, handler);
    await services.cgroups.made(pod);
  } catch (error) {
    throw fail('FailedCreatePodSandBox', `Failed to create pod sandbox: ${errorText(error)}`, SANDBOX_RETRY_MS);
  }
  try {
    const status = await runtime.podSandboxStatus(sandboxId);
    // What was stopped before looks different now; else the new sandbox is all that is new.
    if (plan.killPod) await look(services, state);
    else state.observed = { ...state.observed, sandboxes: [status, ...state.observed.sandboxes.filter(({ id }) => id !== sandboxId)] };
    publish(services, state, { finished: false });
    return { sandboxId, sandbox, podIPs: status.ips };
  } catch (error) {
    throw fail('FailedPodSandBoxStatus', `Unable to get pod sandbox status: ${errorText(error)}`, SANDBOX_RETRY_MS);
  }
}

interface StartPass extends Sandbox {
  readonly plan: PodPlan;
  readonly volumes: ReadonlyMap<string, ReadyVolume>;
  readonly signal: AbortSignal;
}

async function startAll(services: PodServices, state: PodState, pass: StartPass): Promise<SyncOutcome> {
  const credentials = await readCredentials(services, state);
  const imageVolume = imageVolumes(services, state.pod, pass, credentials);
  let retryMs: number | undefined;
  let last: string | undefined;
  let failed = false;
  const started: string[] = [];
  for (const target of pass.plan.start) {
    pass.signal.throwIfAborted();
    const { name } = target.container;
    const { metrics } = services;
    const result = await startContainer(services, { ...pass, pod: state.pod, target, observed: state.observed, credentials, imageVolume });
    if ('started' in result) {
      metrics.startedContainers.increase([containerType(target.kind)]);
      state.waiting.delete(name);
      state.backoffs.delete(name);
      last = result.started;
      started.push(last);
      continue;
    }
    failed = true;
    if (result.failed.reason !== 'CrashLoopBackOff')
      metrics.startedContainersErrors.increase([result.failed.reason, containerType(target.kind)]);
    noteFailure(services, state, name, result);
    if (result.retryMs !== undefined) retryMs = Math.min(retryMs ?? Infinity, result.retryMs);
    if (target.kind === 'init' && !isSidecar(target.container)) break;
  }
  const observed = failed ? await look(services, state) : await lookAt(services, state, started);
  // A container that was started and is over by now is shown running once: a watcher sees every state.
  publish(services, state, { finished: false, observed: last === undefined ? observed : asRunning(observed, last) });
  return { again: last !== undefined || retryMs === undefined, ...(retryMs !== undefined && { retryMs }) };
}

/** The images that are volumes, each asked for once in a pass: by the first container that mounts it. */
function imageVolumes(services: PodServices, pod: NodePod, { volumes, signal }: StartPass, credentials: readonly RegistryCredential[]) {
  const asked = new Map<string, Promise<EnsuredImage>>();
  return async (name: string): Promise<EnsuredImage | undefined> => {
    const wanted = volumes.get(name)?.image;
    if (wanted === undefined) return undefined;
    const found =
      asked.get(name) ??
      services.images.ensure(
        pod,
        { name, image: wanted.reference, imagePullPolicy: wanted.pullPolicy },
        credentialsFor(credentials, wanted.reference),
        (type, reason, message) => services.events.pod(pod, type, reason, message),
        signal,
      );
    asked.set(name, found);
    return found;
  };
}

/** A back-off is shown a while after the exit that led to it, as the original does, or just before it is over. */
function noteFailure(
  { host }: PodServices,
  state: PodState,
  name: string,
  { failed, retryMs = 0 }: Extract<StartResult, { failed: unknown }>,
): void {
  if (failed.reason !== 'CrashLoopBackOff' || state.waiting.get(name)?.reason === failed.reason) {
    state.waiting.set(name, failed);
    return;
  }
  const now = host.clock.now();
  const showAt = state.backoffs.get(name)?.showAt ?? now + Math.min(SHOW_BACKOFF_MS, retryMs - SHOW_BEFORE_END_MS);
  state.backoffs.set(name, { why: failed, showAt });
}

function asRunning(observed: ObservedPod, id: string): ObservedPod {
  return {
    ...observed,
    containers: observed.containers.map((c) =>
      c.id === id && c.state === 'exited' && c.startedAt > 0
        ? { ...c, state: 'running', finishedAt: 0, exitCode: 0, reason: '', message: '' }
        : c,
    ),
  };
}

async function readCredentials({ objects, events, host, log }: PodServices, { pod }: PodState): Promise<RegistryCredential[]> {
  const credentials: RegistryCredential[] = [];
  for (const { name = '' } of pod.spec.imagePullSecrets ?? []) {
    try {
      credentials.push(...pullCredentials(await objects.reader(host.clock.now() - 1000).secret(pod.metadata.namespace, name)));
    } catch (error) {
      log.warn('Pull secret could not be read', { pod: pod.metadata.name, secret: name, err: errorText(error) });
      events.pod(
        pod,
        'Warning',
        'FailedToRetrieveImagePullSecret',
        `Unable to retrieve some image pull secrets (${name}); attempting to pull the image may not succeed.`,
      );
    }
  }
  return credentials;
}
