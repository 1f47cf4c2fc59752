import { serveCommand } from '../../../net/remotecommand/server.ts';
import { translateCommand, wantsTranslation } from '../../../net/remotecommand/translate.ts';
import { sendText } from '../../../net/respond.ts';
import { containersOf, podOf, runningContainerId } from '../lookup.ts';
import type { Handler } from '../request.ts';
import { idleTimeout, serveTarget, streamOptions } from './stream-target.ts';

/** Attaches to a container's first process (kubelet `getAttach`). Whether there is a terminal is the container's to say. */
export const attachEndpoint: Handler = async (request) => {
  const { exchange, params, context } = request;
  const asked = await streamOptions(request);
  if (asked === undefined) return;
  const pod = podOf(context.view, params);
  if (pod === undefined) {
    sendText(exchange, 404, 'pod does not exist');
    return;
  }
  const fullName = `${params['pod']}_${params['namespace']}`;
  if (params['uid'] !== undefined && params['uid'] !== pod.pod.metadata.uid) {
    sendText(exchange, 500, `pod ${fullName} not found`);
    return;
  }
  const name = params['container'] ?? '';
  const containerId = runningContainerId(pod, name);
  const container = containersOf(pod.pod).find((c) => c.name === name);
  if (containerId === undefined || container === undefined) {
    sendText(exchange, 500, `container ${name} not found in pod ${fullName}`);
    return;
  }
  const options = { ...asked, tty: container.tty ?? false };
  const serving = { ...options, idleTimeoutMs: idleTimeout(context) };
  await serveTarget(request, {
    kind: 'attach',
    ask: () => context.view.runtime.attach({ containerId, ...options }),
    serve: (upgrade, target) => serveCommand(upgrade, serving, target.run),
    isNewer: wantsTranslation,
    translate: (upgrade, backend) => translateCommand(upgrade, backend, serving),
  });
};
