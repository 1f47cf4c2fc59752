/** What every controller gets and gives. Controllers speak HTTPS with their own identity: they run against a real API server too. */
import type { KubeClient } from '../client/kube-client.ts';
import type { Clock } from '../util/clock.ts';
import type { Logger } from '../util/log.ts';

export interface ControllerContext {
  /** Reads and writes as the controller itself. */
  readonly client: KubeClient;
  /** Lists and watches as the controller manager, whose informers the controllers share. The controller's own client without it. */
  readonly reader?: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Controller {
  /** Resolves when the controller has seen the present state of what it watches. */
  readonly ready: Promise<void>;
  stop(): void;
}
