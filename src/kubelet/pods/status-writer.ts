/** Writes pod statuses to the API server, in order and without loss of the newest (kubernetes `pkg/kubelet/status/status_manager.go`). */
import { hasReason } from '../../api/status.ts';
import { resources } from '../../api/resources.ts';
import type { PodStatus } from '../../api/types.ts';
import type { KubeClient } from '../../client/kube-client.ts';
import type { Clock } from '../../util/clock.ts';
import { errorText, type Logger } from '../../util/log.ts';
import { same, statusPatch } from './status-patch.ts';
import type { NodePod } from './pod.ts';

/** The API object that shows a pod's status: the pod itself, or a static pod's mirror. */
export interface StatusTarget {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly status: PodStatus;
}

export interface StatusWriter {
  /** Puts a status in line. Equal ones are not written. */
  publish(pod: NodePod, status: PodStatus): void;
  /** The API shows this status now: what the kubelet last published is put back if it differs. */
  seen(pod: NodePod, status: PodStatus, resourceVersion: string): void;
  /** Resolves when everything of the pod in line is written, or can never be. */
  flush(uid: string): Promise<void>;
  forget(uid: string): void;
  close(): void;
}

export interface StatusWriterOptions {
  readonly client: KubeClient | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** The API object of a pod, or undefined while there is none. */
  readonly target: (pod: NodePod) => StatusTarget | undefined;
  /** Told how long a status waited until the API server had it, in seconds. */
  readonly written?: (seconds: number) => void;
}

/** Statuses of one pod that wait; of more, only the newest counts. */
const MAX_QUEUED = 8;
const FIRST_RETRY_MS = 200;
const MAX_RETRY_MS = 10_000;

interface Line {
  pod: NodePod;
  /** What the API is known to show. */
  base: PodStatus | undefined;
  baseVersion: string;
  readonly queue: PodStatus[];
  last: PodStatus | undefined;
  /** When the oldest status that waits was put in line. */
  since: number | undefined;
  writing: Promise<void> | undefined;
  closed: boolean;
}

export function createStatusWriter({ client, clock, log, target, written }: StatusWriterOptions): StatusWriter {
  const lines = new Map<string, Line>();
  const stopping = new AbortController();

  async function write(line: Line, api: KubeClient): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    for (let next = line.queue[0]; next !== undefined && !line.closed && !stopping.signal.aborted; next = line.queue[0]) {
      const to = target(line.pod);
      if (to === undefined) return;
      const patch = statusPatch(line.base ?? to.status, next);
      if (patch === undefined) {
        drop(line, next);
        continue;
      }
      try {
        const result = await api.patch(
          resources.pods,
          to.name,
          'strategic',
          { metadata: { uid: to.uid }, status: patch },
          { namespace: to.namespace, subresource: 'status' },
        );
        line.base = result.status;
        line.baseVersion = result.metadata.resourceVersion;
        drop(line, next);
        if (line.since !== undefined) written?.((clock.monotonic() - line.since) / 1000);
        line.since = line.queue.length > 0 ? clock.monotonic() : undefined;
        retryMs = FIRST_RETRY_MS;
      } catch (error) {
        // The pod is gone, or another of the same name took its place: nobody waits for this status.
        if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict')) {
          line.queue.length = 0;
          return;
        }
        log.warn('Pod status could not be written', { pod: `${to.namespace}/${to.name}`, err: errorText(error) });
        if (hasReason(error, 'Invalid')) {
          drop(line, next);
          continue;
        }
        await clock.sleep(retryMs, stopping.signal);
        retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
      }
    }
  }

  function start(line: Line): void {
    if (client === undefined || line.writing || line.closed) return;
    line.writing = write(line, client)
      .catch((error: unknown) => log.error('Pod status could not be written', { err: errorText(error) }))
      .finally(() => {
        line.writing = undefined;
      });
  }

  return {
    publish(pod, status) {
      const { uid } = pod.metadata;
      const line = lines.get(uid) ?? {
        pod,
        base: undefined,
        baseVersion: '',
        queue: [],
        last: undefined,
        since: undefined,
        writing: undefined,
        closed: false,
      };
      lines.set(uid, line);
      line.pod = pod;
      if (same(line.last, status) && (line.queue.length > 0 || line.base !== undefined)) return start(line);
      line.last = status;
      // Nobody misses that a pod was about to start once it has.
      for (const old of line.queue.slice(line.writing ? 1 : 0)) if (isUnstarted(old)) drop(line, old);
      if (line.queue.length >= MAX_QUEUED) line.queue.splice(1);
      line.queue.push(status);
      line.since ??= clock.monotonic();
      start(line);
    },
    seen(pod, status, resourceVersion) {
      const line = lines.get(pod.metadata.uid);
      if (line === undefined || line.writing || line.queue.length > 0 || !isNewer(resourceVersion, line.baseVersion)) return;
      line.base = status;
      line.baseVersion = resourceVersion;
      if (line.last && statusPatch(status, line.last) !== undefined) {
        line.queue.push(line.last);
        start(line);
      }
    },
    async flush(uid) {
      for (let writing = lines.get(uid)?.writing; writing; writing = lines.get(uid)?.writing) await writing;
    },
    forget(uid) {
      const line = lines.get(uid);
      if (line) line.closed = true;
      lines.delete(uid);
    },
    close: () => stopping.abort(),
  };
}

/** Nothing of the pod runs or ever ran. */
const isUnstarted = ({ phase, initContainerStatuses = [], containerStatuses = [] }: PodStatus): boolean =>
  phase === 'Pending' &&
  [...initContainerStatuses, ...containerStatuses].every((c) => c.state?.waiting !== undefined && c.restartCount === 0);

function drop(line: Line, status: PodStatus): void {
  const index = line.queue.indexOf(status);
  if (index >= 0) line.queue.splice(index, 1);
}

/** Versions are numbers on every server that exists; where they are not, the newest seen counts. */
function isNewer(version: string, than: string): boolean {
  if (!/^\d+$/.test(version) || !/^\d+$/.test(than)) return version !== than;
  return BigInt(version) > BigInt(than);
}
