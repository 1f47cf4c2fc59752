/** Makes a container's image available by its pull policy (kubernetes `pkg/kubelet/images/image_manager.go`). */
import { formatDuration } from '../../api/duration.ts';
import { RuntimeError, type Image, type PullAuth, type Runtime } from '../../runtime/runtime.ts';
import type { Clock } from '../../util/clock.ts';
import { errorText } from '../../util/log.ts';
import type { NodeCredentials } from '../images/node-credentials.ts';
import { createPullGate, NO_LIMITS, type PullLimits } from '../images/pull-limits.ts';
import { credentialsFor } from '../spec/pull-secrets.ts';
import { createBackoff, IMAGE_BACKOFF } from './backoff.ts';
import type { WaitingReason } from './container-status.ts';
import type { AnyContainer, NodePod } from './pod.ts';
import { parseImageName } from './image-name.ts';

/** Sends an event about the container that the image is for. */
export type ContainerEvent = (type: 'Normal' | 'Warning', reason: string, message: string) => void;

/** The image, or why there is none. */
export type EnsuredImage = { readonly image: Image } | { readonly failed: WaitingReason; readonly retryMs: number };

export interface ImagePuller {
  /** The image, or why there is none. `retryMs` says when to try again. */
  ensure(
    pod: NodePod,
    container: AnyContainer,
    auths: readonly PullAuth[],
    event: ContainerEvent,
    signal: AbortSignal,
  ): Promise<EnsuredImage>;
  /** The container will soon be asked for: a runtime that takes its time over images may begin. */
  expect(container: AnyContainer): void;
  forget(podUid: string): void;
}

/** How long ErrImagePull is shown before ImagePullBackOff takes its place. */
const SHOW_FAILURE_MS = 3000;
const RETRY_MS = 10_000;

/** What is told of the puller's work, for those who count. */
export interface ImagePullerObserver {
  /** The image was there, was not, or nobody knows; and whether it had to be pulled. */
  ensured(policy: string, present: boolean | undefined, pull: boolean | undefined): void;
  pulled(podUid: string, ms: number): void;
}

export interface ImagePullerOptions {
  readonly observer?: ImagePullerObserver;
  readonly limits?: PullLimits;
  /** What the node itself knows of an image's registry; tried after the pod's own. */
  readonly nodeCredentials?: NodeCredentials;
}

export function createImagePuller(runtime: Runtime, clock: Clock, options: ImagePullerOptions = {}): ImagePuller {
  const { observer } = options;
  const gate = createPullGate(options.limits ?? NO_LIMITS, clock);
  const backoff = createBackoff(IMAGE_BACKOFF);
  const lastError = new Map<string, { readonly at: number; readonly text: string }>();

  return {
    async ensure(pod, container, auths, event, signal) {
      const asked = container.image ?? '';
      const parsed = parseImageName(asked);
      const policy = container.imagePullPolicy ?? 'IfNotPresent';
      if ('error' in parsed) {
        observer?.ensured(policy, undefined, undefined);
        const message = `Failed to apply default image tag "${asked}": couldn't parse image name "${asked}": ${parsed.error}`;
        event('Warning', 'InspectFailed', message);
        return { failed: { reason: 'InvalidImageName', message }, retryMs: RETRY_MS };
      }
      let present: Image | null;
      try {
        present = await runtime.imageStatus(parsed.name);
      } catch (error) {
        observer?.ensured(policy, undefined, undefined);
        const message = `Failed to inspect image "${parsed.name}": ${errorText(error)}`;
        event('Warning', 'InspectFailed', message);
        return { failed: { reason: 'ImageInspectError', message }, retryMs: RETRY_MS };
      }
      if (present && policy !== 'Always') {
        observer?.ensured(policy, true, false);
        event('Normal', 'Pulled', `Container image "${asked}" already present on machine and can be accessed by the pod`);
        return { image: present };
      }
      if (policy === 'Never') {
        observer?.ensured(policy, false, undefined);
        const message = `Container image "${asked}" is not present with pull policy of Never`;
        event('Warning', 'ErrImageNeverPull', message);
        return { failed: { reason: 'ErrImageNeverPull', message }, retryMs: RETRY_MS };
      }
      observer?.ensured(policy, present !== null, true);
      return pull(pod, asked, parsed.name, auths, event, signal);
    },
    expect({ image = '' }) {
      const parsed = parseImageName(image);
      // What comes of it is told when the container is started.
      if ('name' in parsed) runtime.imageStatus(parsed.name).catch(() => undefined);
    },
    forget(podUid) {
      backoff.forget(`${podUid}_`);
      for (const key of lastError.keys()) if (key.startsWith(`${podUid}_`)) lastError.delete(key);
    },
  };

  async function pull(pod: NodePod, asked: string, name: string, auths: readonly PullAuth[], event: ContainerEvent, signal: AbortSignal) {
    const key = `${pod.metadata.uid}_${name}`;
    const failed = lastError.get(key);
    const waiting = failed && backoff.waiting(key, failed.at, clock.now());
    if (failed && waiting) {
      event('Normal', 'BackOff', `Back-off pulling image "${asked}"`);
      const message = `Back-off pulling image "${asked}": ErrImagePull: ${failed.text}`;
      return { failed: { reason: 'ImagePullBackOff', message }, retryMs: waiting.remainingMs };
    }
    event('Normal', 'Pulling', `Pulling image "${asked}"`);
    const start = clock.monotonic();
    try {
      let began = start;
      const node = credentialsFor((await options.nodeCredentials?.(name)) ?? [], name);
      const id = await gate.run(() => {
        began = clock.monotonic();
        return pullWithAny(name, [...auths, ...node], signal);
      }, signal);
      const ended = clock.monotonic();
      const image = (await runtime.imageStatus(id)) ?? (await runtime.imageStatus(name));
      if (image === null) throw new Error(`image "${name}" is not there after it was pulled`);
      observer?.pulled(pod.metadata.uid, ended - start);
      const took = (since: number): string => formatDuration(Math.max(1, Math.round(ended - since)));
      event(
        'Normal',
        'Pulled',
        `Successfully pulled image "${asked}" in ${took(began)} (${took(start)} including waiting). Image size: ${image.sizeBytes} bytes.`,
      );
      lastError.delete(key);
      backoff.forget(key);
      return { image };
    } catch (error) {
      signal.throwIfAborted();
      const now = clock.now();
      const text = errorText(error);
      backoff.next(key, failed?.at ?? now, now);
      lastError.set(key, { at: now, text });
      event('Warning', 'Failed', `Failed to pull image "${asked}": ${text}`);
      return { failed: pullFailure(asked, text), retryMs: SHOW_FAILURE_MS };
    }
  }

  /** Tries each credential until one works; then what all of them were told counts. */
  async function pullWithAny(name: string, auths: readonly PullAuth[], signal: AbortSignal): Promise<string> {
    const refusals = new Map<string, unknown>();
    for (const auth of auths.length === 0 ? [undefined] : auths) {
      try {
        return await runtime.pullImage(name, auth, signal);
      } catch (error) {
        refusals.set(errorText(error), error);
        if (signal.aborted || (error instanceof RuntimeError && error.code === 'unavailable')) break;
      }
    }
    const [first] = refusals.values();
    throw refusals.size > 1 ? new Error(`[${[...refusals.keys()].join(', ')}]`) : first;
  }
}

const KNOWN_PREFIXES = {
  RegistryUnavailable: 'the registry is unavailable',
  SignatureValidationFailed: 'the signature validation failed',
} as const;

function pullFailure(image: string, text: string): WaitingReason {
  for (const [reason, why] of Object.entries(KNOWN_PREFIXES))
    if (text.startsWith(reason)) return { reason, message: `image pull failed for ${image} because ${why}${text.slice(reason.length)}` };
  return { reason: 'ErrImagePull', message: text };
}
