/** Which objects a node may know, because a pod bound to it refers to them (kubernetes `plugin/pkg/auth/authorizer/node/graph.go`). */
import { resources } from '../../api/resources.ts';
import type { Pod, Stored } from '../../api/types.ts';
import type { ObjectReader } from '../endpoint.ts';
import { podReferences, type PodReferences } from './pod-references.ts';

export type Referenced = keyof PodReferences;

export interface NodeGraph {
  /** Whether a pod of the node refers to the object. */
  refers(node: string, kind: Referenced, namespace: string, name: string): boolean;
  /** Whether the pod is bound to the node. */
  hasPod(node: string, namespace: string, name: string): boolean;
  /** Whether the volume belongs to a claim that a pod of the node uses. */
  hasVolume(node: string, name: string): boolean;
  hasAttachment(node: string, name: string): boolean;
  /** Whether the ResourceSlice is the node's. */
  hasSlice(node: string, name: string): boolean;
  close(): void;
}

interface PodEdges {
  readonly node: string;
  readonly uid: string;
  readonly keys: readonly string[];
}

const MIRROR = 'kubernetes.io/config.mirror';
const REFERENCED: readonly Referenced[] = ['secrets', 'configmaps', 'persistentvolumeclaims', 'serviceaccounts', 'resourceclaims'];

/** Follows the stored pods until `close`. */
export function nodeGraph(objects: ObjectReader): NodeGraph {
  const pods = new Map<string, PodEdges>();
  /** From `node kind/namespace/name` to how many pods refer there. */
  const counts = new Map<string, number>();
  const keyOfPod = ({ metadata }: Stored<Pod>): string => `${metadata.namespace ?? ''}/${metadata.name}`;
  const remove = (key: string): void => {
    for (const edge of pods.get(key)?.keys ?? []) {
      const left = (counts.get(edge) ?? 0) - 1;
      if (left > 0) counts.set(edge, left);
      else counts.delete(edge);
    }
    pods.delete(key);
  };
  const put = (pod: Stored<Pod>): void => {
    const key = keyOfPod(pod);
    remove(key);
    const node = pod.spec.nodeName ?? '';
    if (node === '') return;
    const keys = edgesOf(pod, node);
    for (const edge of keys) counts.set(edge, (counts.get(edge) ?? 0) + 1);
    pods.set(key, { node, uid: pod.metadata.uid, keys });
  };
  const stop = objects.subscribe(resources.pods, ({ type, object }) => {
    if (type === 'DELETED') remove(keyOfPod(object));
    else put(object);
  });
  for (const pod of objects.list(resources.pods)) put(pod);

  const refers: NodeGraph['refers'] = (node, kind, namespace, name) => counts.has(`${node} ${kind}/${namespace}/${name}`);
  return {
    refers,
    hasPod: (node, namespace, name) => pods.get(`${namespace}/${name}`)?.node === node,
    hasVolume: (node, name) => {
      const claim = objects.get(resources.persistentvolumes, '', name)?.spec.claimRef;
      return claim !== undefined && refers(node, 'persistentvolumeclaims', claim.namespace ?? '', claim.name ?? '');
    },
    hasAttachment: (node, name) => objects.get(resources['volumeattachments.storage.k8s.io'], '', name)?.spec.nodeName === node,
    hasSlice: (node, name) => objects.get(resources['resourceslices.resource.k8s.io'], '', name)?.spec.nodeName === node,
    close: stop,
  };
}

/** A mirror pod is the node's own claim, so it opens nothing. */
function edgesOf(pod: Stored<Pod>, node: string): string[] {
  if (pod.metadata.annotations?.[MIRROR] !== undefined) return [];
  const references = podReferences(pod);
  const namespace = pod.metadata.namespace ?? '';
  return REFERENCED.flatMap((kind) => [...references[kind]].map((name) => `${node} ${kind}/${namespace}/${name}`));
}
