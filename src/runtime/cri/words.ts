/** CRI's numbers for the seam's words. */
import type { ContainerRuntimeState, Mount, NamespaceMode as NamespaceWord } from '../runtime.ts';
import { ContainerState, MountPropagation, NamespaceMode, Protocol, Signal } from './proto/cri_pb.ts';

export const NAMESPACE_MODES: Readonly<Record<NamespaceWord, NamespaceMode>> = {
  pod: NamespaceMode.POD,
  container: NamespaceMode.CONTAINER,
  node: NamespaceMode.NODE,
  target: NamespaceMode.TARGET,
};

export const PROTOCOLS = { TCP: Protocol.TCP, UDP: Protocol.UDP, SCTP: Protocol.SCTP } as const;

export const PROPAGATIONS: Readonly<Record<Mount['propagation'], MountPropagation>> = {
  private: MountPropagation.PROPAGATION_PRIVATE,
  hostToContainer: MountPropagation.PROPAGATION_HOST_TO_CONTAINER,
  bidirectional: MountPropagation.PROPAGATION_BIDIRECTIONAL,
};

const STATES: Readonly<Record<number, ContainerRuntimeState>> = {
  [ContainerState.CONTAINER_CREATED]: 'created',
  [ContainerState.CONTAINER_RUNNING]: 'running',
  [ContainerState.CONTAINER_EXITED]: 'exited',
};

export const containerState = (state: number): ContainerRuntimeState => STATES[state] ?? 'unknown';

export function propagationOf(value: number): Mount['propagation'] {
  if (value === MountPropagation.PROPAGATION_BIDIRECTIONAL) return 'bidirectional';
  return value === MountPropagation.PROPAGATION_HOST_TO_CONTAINER ? 'hostToContainer' : 'private';
}

/** The API's name of a signal is CRI's. */
export const signalNumber = (name: string | undefined): Signal =>
  name !== undefined && Object.hasOwn(Signal, name) ? Signal[name as keyof typeof Signal] : Signal.RUNTIME_DEFAULT;

/** Undefined for the runtime's default, and for what this version does not know. */
export const signalName = (value: number): string | undefined =>
  value === Signal.RUNTIME_DEFAULT ? undefined : Object.entries(Signal).find(([, number]) => number === value)?.[0];
