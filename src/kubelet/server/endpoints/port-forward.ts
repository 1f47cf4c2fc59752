import { servePortForward } from '../../../net/portforward/server.ts';
import { sendText } from '../../../net/respond.ts';
import { podOf } from '../lookup.ts';
import type { Handler, KubeletRequest } from '../request.ts';
import { serveTarget } from './stream-target.ts';

const MAX_PORT = 65_535;

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
    sendText(exchange, 500, `pod not found (${JSON.stringify(`${params['pod']}_${params['namespace']}`)})`);
    return;
  }
  await serveTarget(
    request,
    () => context.view.runtime.portForward(sandboxId),
    (upgrade, target) => servePortForward(upgrade, target.dial),
  );
};

/** What is wrong with the ports that a WebSocket request must name (cri-streaming `portforward/websocket.go`). */
function portsProblem({ exchange, upgrade }: KubeletRequest): string | undefined {
  const { headers } = exchange.request;
  if (upgrade === undefined || headers.upgrade?.toLowerCase() !== 'websocket') return undefined;
  if (/(^|[\s,])SPDY\/3\.1\+portforward\.k8s\.io/.test(headers['sec-websocket-protocol'] ?? '')) return undefined;
  const values = exchange.target.query.getAll('port');
  if (values.length === 0) return 'query parameter "port" is required';
  for (const value of values) {
    if (value === '') return 'query parameter "port" cannot be empty';
    for (const text of value.split(',')) {
      const wrong = /^\d+$/.test(text) ? (Number(text) > MAX_PORT ? 'value out of range' : undefined) : 'invalid syntax';
      if (wrong !== undefined)
        return `unable to parse ${JSON.stringify(text)} as a port: strconv.ParseUint: parsing ${JSON.stringify(text)}: ${wrong}`;
      if (Number(text) === 0) return `port ${JSON.stringify(text)} must be > 0`;
    }
  }
  return undefined;
}
