import { sendText } from '../../../net/respond.ts';
import { containersOf, podOf, runningContainerId } from '../lookup.ts';
import type { Handler } from '../request.ts';

/**
 * `POST /checkpoint/…` (kubelet `CheckpointContainer`). No runtime behind this seam can checkpoint, so the last answer is
 * the one of a runtime without the call.
 */
export const checkpointEndpoint: Handler = ({ exchange, params, context }) => {
  const pod = podOf(context.view, params);
  const container = params['container'] ?? '';
  const fail = (why: string): void =>
    sendText(exchange, 500, `checkpointing of ${params['namespace']}/${params['pod']}/${container} failed (${why})`);
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
  if (runningContainerId(pod, container) === undefined) fail(`container ${container} not found`);
  else if (Number(timeout ?? 0) < 0) fail('CheckpointContainer requires the timeout value to be > 0');
  else fail('rpc error: code = Unimplemented desc = method CheckpointContainer not implemented');
};
