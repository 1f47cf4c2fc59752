/** What the tests of this folder stand on: a real API server, and a clock whose periods a test strikes itself. */
import { startTestServer } from '../apiserver/http/testing.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { createKubeClient } from '../client/rest-client.ts';
import { systemClock, type Clock } from '../util/clock.ts';
import { silentLogger } from '../util/log.ts';
import type { Controller, ControllerContext } from './controller.ts';

export interface TestCluster {
  readonly client: KubeClient;
  readonly context: ControllerContext;
  /** Starts a controller that ends with the cluster; resolves when it is ready. */
  run(start: (context: ControllerContext) => Controller): Promise<void>;
  /** Moves the time on and lets every periodic work run once. */
  pass(ms: number): void;
  close(): Promise<void>;
}

export async function testCluster(): Promise<TestCluster> {
  const server = await startTestServer();
  const client = createKubeClient({ server: server.base });
  const periodic = new Set<() => void>();
  let ahead = 0;
  const clock: Clock = {
    ...systemClock,
    now: () => Date.now() + ahead,
    every: (_ms, callback) => {
      periodic.add(callback);
      return { cancel: () => void periodic.delete(callback) };
    },
  };
  const context: ControllerContext = { client, clock, log: silentLogger };
  const running: Controller[] = [];
  return {
    client,
    context,
    run: async (start) => {
      const controller = start(context);
      running.push(controller);
      await controller.ready;
    },
    pass: (ms) => {
      ahead += ms;
      for (const callback of periodic) callback();
    },
    close: async () => {
      for (const controller of running) controller.stop();
      client.close();
      await server.close();
    },
  };
}
