import type { Verb } from './verb.ts';

/** Every verb, in the order in which help shows them. */
export const verbs: readonly Verb[] = [
  { name: 'up', summary: 'Start an API server and a kubelet on this machine.', load: () => import('./up/up.ts') },
  { name: 'down', summary: 'Remove the containers and interfaces that up left on this machine.', load: () => import('./down.ts') },
  { name: 'kubelet', summary: 'Start the kubelet alone and join it to a cluster.', load: () => import('./kubelet.ts') },
  { name: 'apiserver', summary: 'Start the one-node API server alone.', load: () => import('./apiserver.ts') },
  { name: 'image', summary: 'Load, list, tag and remove images of the process runtime.', load: () => import('./image.ts') },
  { name: 'why', summary: 'Say what a pod that does not run waits for, and what to do.', load: () => import('./why.ts') },
  { name: 'top', summary: 'Show what nodes, pods and containers use now.', load: () => import('./top.ts') },
  { name: 'metrics', summary: 'Show metrics of a kubelet, filtered and readable.', load: () => import('./metrics.ts') },
  { name: 'version', summary: 'Print the version.', load: () => import('./version.ts') },
];
