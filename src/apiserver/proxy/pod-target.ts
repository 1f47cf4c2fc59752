/** The pod, container and node that a log, exec, attach or port-forward request means (`pkg/registry/core/pod/strategy.go`). */
import { badRequest, notFound } from '../../api/status.ts';
import { resources } from '../../api/resources.ts';
import type { Pod, Stored } from '../../api/types.ts';
import type { ApiRequest, ObjectReader } from '../endpoint.ts';

export interface PodTarget {
  readonly pod: Stored<Pod>;
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
}

export function podTarget(objects: ObjectReader, request: ApiRequest): PodTarget {
  const { namespace, name } = request.info;
  const pod = objects.get(resources.pods, namespace, name);
  if (pod === undefined) throw notFound(resources.pods, name);
  return { pod, namespace, name, node: pod.spec.nodeName ?? '' };
}

/** The container asked for, or the only one. Throws 400 in the original's words. */
export function containerOf({ pod, name }: PodTarget, asked: string | null): string {
  const { initContainers = [], containers, ephemeralContainers = [] } = pod.spec;
  const all = [...initContainers, ...containers, ...ephemeralContainers].map((container) => container.name);
  if (asked !== null && asked !== '') {
    if (!all.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${name}`);
    return asked;
  }
  const [only, second] = containers;
  if (only === undefined) throw badRequest(`a container name must be specified for pod ${name}`);
  const preferred = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'];
  if (second === undefined) return only.name;
  if (preferred !== undefined && all.includes(preferred)) return preferred;
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${all.join(' ')}]`);
}
