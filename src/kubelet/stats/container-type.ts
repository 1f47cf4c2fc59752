import type { ContainerKind } from '../pods/pod.ts';

const TYPES: Readonly<Record<ContainerKind, string>> = { container: 'container', init: 'init_container', ephemeral: 'ephemeral_container' };

/** The value of the label `container_type`; what is not known counts as a plain container. */
export const containerType = (kind: string | undefined): string => TYPES[kind as ContainerKind] ?? TYPES.container;
