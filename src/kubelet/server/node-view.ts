/** What the kubelet's HTTP server asks of the kubelet: the server imports this alone, the kubelet implements it. */
import type { Pod, PodStatus } from '../../api/types.ts';
import type { Runtime } from '../../runtime/runtime.ts';

/** A pod that a source wants on this node. */
export interface PodView {
  /** As the source gave it, with the kubelet's annotations. */
  readonly pod: Pod;
  /** The kubelet's own newest status. */
  readonly status: PodStatus;
  /** The sandbox that runs now. */
  readonly sandboxId: string | undefined;
}

export interface NodeView {
  readonly nodeName: string;
  readonly runtime: Runtime;
  /** Pods as `/pods` lists them. */
  pods(): readonly Pod[];
  pod(namespace: string, name: string): PodView | undefined;
  /** Pods that the runtime has, built from it alone (`/runningpods/`). */
  runningPods(): Promise<Pod[]>;
  /** Milliseconds since the sync loop was last entered; 0 before the first time. */
  syncLoopAgeMs(): number;
  /** Why no device plugin can register; undefined when they can. */
  devicePluginProblem?(): string | undefined;
}
