/** Short ways to write pods and what a runtime says of them, for tables of tests. */
import { applyDefaults } from '../../api/defaults/defaults.ts';
import type { Pod, PodSpec } from '../../api/types.ts';
import type { ContainerRuntimeStatus, PodSandboxStatus } from '../../runtime/runtime.ts';
import type { ObservedPod } from '../pods/observed.ts';
import type { NodePod } from '../pods/pod.ts';
import { CONTAINER_HASH, CONTAINER_NAME, containerHash, POD_UID, RESTART_COUNT } from '../spec/labels.ts';

/** A pod `default/p` with uid `u`, defaulted. Containers are `busybox` unless they say otherwise. */
export function aPod(spec: Partial<PodSpec> = {}, metadata: Pod['metadata'] = {}, status: Pod['status'] = {}): NodePod {
  const named = (list: PodSpec['containers'] | undefined): PodSpec['containers'] | undefined =>
    list?.map((c) => Object.assign({ image: 'busybox' }, c));
  const init = named(spec.initContainers);
  const pod: Pod = {
    metadata: { name: 'p', namespace: 'default', uid: 'u', generation: 1, ...metadata },
    spec: { ...spec, ...(init && { initContainers: init }), containers: named(spec.containers) ?? [{ name: 'c', image: 'busybox' }] },
    status,
  };
  applyDefaults('core/v1.Pod', pod);
  return pod as NodePod;
}

export interface SeenContainer {
  readonly name: string;
  readonly state?: ContainerRuntimeStatus['state'];
  readonly exitCode?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly restarts?: number;
  readonly image?: string;
  readonly id?: string;
  readonly at?: number;
}

/** What the runtime says: containers newest first, and one ready sandbox with an address unless others are given. */
export function seen(containers: readonly SeenContainer[], sandboxes: readonly Partial<PodSandboxStatus>[] = [{}]): ObservedPod {
  return {
    sandboxes: sandboxes.map((sandbox, i) => Object.assign(aSandbox(i), sandbox)),
    containers: containers.map((c, i) => aContainer(c, 1_000_000 - i * 1000)),
  };
}

const aSandbox = (i: number): PodSandboxStatus => ({
  id: `s${i}`,
  metadata: { name: 'p', uid: 'u', namespace: 'default', attempt: 0 },
  state: 'ready',
  createdAt: 1000 - i,
  labels: { [POD_UID]: 'u' },
  annotations: {},
  ips: ['10.0.0.1'],
  network: 'pod',
});

function aContainer(
  { name, state = 'running', restarts = 0, image = 'busybox', ...rest }: SeenContainer,
  at: number,
): ContainerRuntimeStatus {
  const { exitCode = 0, reason = exitCode === 0 ? 'Completed' : 'Error', message = '', id = `${name}-${restarts}` } = rest;
  const exited = state === 'exited';
  return {
    id,
    sandboxId: 's0',
    metadata: { name, attempt: restarts },
    image: `docker.io/library/${image}`,
    imageRef: 'sha256:1',
    state,
    createdAt: rest.at ?? at,
    labels: { [CONTAINER_NAME]: name, [POD_UID]: 'u' },
    annotations: { [CONTAINER_HASH]: containerHash({ name, image }), [RESTART_COUNT]: String(restarts) },
    startedAt: state === 'created' ? 0 : (rest.at ?? at),
    finishedAt: exited ? (rest.at ?? at) + 500 : 0,
    exitCode: exited ? exitCode : 0,
    reason: exited ? reason : '',
    message: exited ? message : '',
    mounts: [],
    logPath: '',
    resources: {},
  };
}
