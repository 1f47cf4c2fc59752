/** What the kubelet's HTTP server is shown of its pods. */
import type { Runtime } from '../../runtime/runtime.ts';
import { runningPods } from '../node/running-pods.ts';
import type { NodeView } from '../server/node-view.ts';
import { readySandbox } from './observed.ts';
import type { PodManager } from './pod-manager.ts';

export function nodeView(nodeName: string, runtime: Runtime, manager: PodManager, syncLoopAgeMs: () => number): NodeView {
  return {
    nodeName,
    runtime,
    pods: () => manager.pods(),
    pod(namespace, name) {
      const found = manager.byName(namespace, name);
      return found && { pod: found.pod, status: found.pod.status, sandboxId: readySandbox(found.observed)?.id };
    },
    runningPods: () => runningPods(runtime),
    syncLoopAgeMs,
  };
}
