import { posix } from 'node:path';
import { goTime } from '../../../api/time.ts';
import { sendText } from '../../../net/respond.ts';
import { goJson } from '../go-json.ts';
import { containersOf, podOf, runningContainerId } from '../lookup.ts';
import type { Handler } from '../request.ts';
import { grpcText } from '../runtime-errors.ts';

const UNIMPLEMENTED = 'rpc error: code = Unimplemented desc = method CheckpointContainer not implemented';

/** `POST /checkpoint/…` writes a container's state to an archive under the root directory (kubelet `CheckpointContainer`). */
export const checkpointEndpoint: Handler = async ({ exchange, params, context }) => {
  const { namespace = '', pod: name = '', container = '' } = params;
  const pod = podOf(context.view, params);
  const fail = (why: string): void => sendText(exchange, 500, `checkpointing of ${namespace}/${name}/${container} failed (${why})`);
  if (pod === undefined) {
    sendText(exchange, 404, 'pod does not exist');
    return;
  }
  if (!containersOf(pod.pod).some((c) => c.name === container)) {
    sendText(exchange, 404, `container ${container} does not exist`);
    return;
  }
  const timeout = exchange.target.query.getAll('timeout').at(-1);
  if (timeout !== undefined && !/^[+-]?\d{1,18}$/.test(timeout)) {
    sendText(exchange, 404, 'cannot parse value of timeout parameter');
    return;
  }
  const id = runningContainerId(pod, container);
  const seconds = Number(timeout ?? 0);
  const { runtime } = context.view;
  if (id === undefined) fail(`container ${container} not found`);
  else if (seconds < 0) fail('CheckpointContainer requires the timeout value to be > 0');
  else if (runtime.checkpointContainer === undefined) fail(UNIMPLEMENTED);
  else {
    const { checkpointsDir, host } = context;
    const location = posix.join(checkpointsDir, `checkpoint-${name}_${namespace}-${container}-${goTime(host.clock.now())}.tar`);
    try {
      await host.files.mkdir(checkpointsDir, { recursive: true, mode: 0o700 });
      await runtime.checkpointContainer(id, location, seconds);
    } catch (error) {
      fail(grpcText(error));
      return;
    }
    sendText(exchange, 200, goJson({ items: [location] }), { 'Content-Type': 'application/json' });
  }
};
