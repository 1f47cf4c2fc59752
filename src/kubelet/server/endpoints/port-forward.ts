import { goQuote } from '../../../api/field-errors.ts';
import { forwardedPorts } from '../../../net/portforward/ports.ts';
import { servePortForward } from '../../../net/portforward/server.ts';
import { tunnelPortForward, wantsTunnel } from '../../../net/portforward/tunnel.ts';
import { isWebSocketRequest } from '../../../net/websocket-handshake.ts';
import { sendText } from '../../../net/respond.ts';
import { podOf } from '../lookup.ts';
import type { Handler, KubeletRequest } from '../request.ts';
import { idleTimeout, serveTarget } from './stream-target.ts';

/** Connections to a pod's ports over SPDY or WebSocket (kubelet `getPortForward`). */
export const portForwardEndpoint: Handler = async (request) => {
  const { exchange, params, context } = request;
  const problem = portsProblem(request);
  if (problem !== undefined) {
    sendText(exchange, 400, problem);
    return;
  }
  const pod = podOf(context.view, params);
  if (pod === undefined) {
    sendText(exchange, 404, 'pod does not exist');
    return;
  }
  if (params['uid'] !== undefined && params['uid'] !== pod.pod.metadata.uid) {
    sendText(exchange, 404, 'pod not found');
    return;
  }
  const { sandboxId } = pod;
  if (sandboxId === undefined) {
    sendText(exchange, 500, `pod not found (${goQuote(`${params['pod']}_${params['namespace']}`)})`);
    return;
  }
  await serveTarget(request, {
    kind: 'portforward',
    ask: () => context.view.runtime.portForward(sandboxId),
    serve: (upgrade, target) => servePortForward(upgrade, target.dial, { pod: sandboxId, idleTimeoutMs: idleTimeout(context) }),
    isNewer: wantsTunnel,
    translate: tunnelPortForward,
  });
};

/** What is wrong with the ports that the old WebSocket form must name: said before the pod is looked for. */
function portsProblem({ upgrade }: KubeletRequest): string | undefined {
  if (upgrade === undefined || !isWebSocketRequest(upgrade) || wantsTunnel(upgrade)) return undefined;
  const wanted = forwardedPorts(upgrade.target.query);
  return 'error' in wanted ? wanted.error : undefined;
}
