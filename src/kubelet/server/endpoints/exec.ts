import { goQuote } from '../../../api/field-errors.ts';
import { serveCommand } from '../../../net/remotecommand/server.ts';
import { sendText } from '../../../net/respond.ts';
import { podOf, runningContainerId } from '../lookup.ts';
import type { Handler } from '../request.ts';
import { idleTimeout, serveTarget, streamOptions } from './stream-target.ts';

/** Runs a command in a container over SPDY or WebSocket (kubelet `getExec`). A uid in the path is not looked at, as in the original. */
export const execEndpoint: Handler = async (request) => {
  const { exchange, params, context } = request;
  const options = await streamOptions(request);
  if (options === undefined) return;
  const pod = podOf(context.view, params);
  if (pod === undefined) {
    sendText(exchange, 404, 'pod does not exist');
    return;
  }
  const container = params['container'] ?? '';
  const containerId = runningContainerId(pod, container);
  if (containerId === undefined) {
    sendText(exchange, 500, `container not found (${goQuote(container)})`);
    return;
  }
  const command = exchange.target.query.getAll('command');
  await serveTarget(
    request,
    'exec',
    () => context.view.runtime.exec({ containerId, command, ...options }),
    (upgrade, target) => serveCommand(upgrade, { ...options, command, idleTimeoutMs: idleTimeout(context) }, target.run),
  );
};
