import { goQuote } from '../../../api/field-errors.ts';
import { serveCommand } from '../../../net/remotecommand/server.ts';
import { translateCommand, wantsTranslation } from '../../../net/remotecommand/translate.ts';
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
  const serving = { ...options, command, idleTimeoutMs: idleTimeout(context) };
  await serveTarget(request, {
    kind: 'exec',
    ask: () => context.view.runtime.exec({ containerId, command, ...options }),
    serve: (upgrade, target) => serveCommand(upgrade, serving, target.run),
    isNewer: wantsTranslation,
    translate: (upgrade, backend) => translateCommand(upgrade, backend, serving),
  });
};
