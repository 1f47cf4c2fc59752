/** Authentication and authorization of the secure server (kubernetes `pkg/kubelet/server/{server,auth}.go`). */
import { withoutWebSocketToken } from '../../auth/bearer.ts';
import type { Authenticator, Authorizer, UserInfo } from '../../auth/types.ts';
import type { Exchange } from '../../net/http.ts';
import { sendText } from '../../net/respond.ts';
import type { Logger } from '../../util/log.ts';

export interface Access {
  readonly authenticate: Authenticator;
  readonly authorize: Authorizer;
  readonly nodeName: string;
  readonly log: Logger;
}

const VERBS: Readonly<Record<string, string>> = { GET: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/** The verb that authorization sees; empty for HEAD, OPTIONS and all others. */
export function verbOf(method: string): string {
  return Object.hasOwn(VERBS, method) ? (VERBS[method] ?? '') : '';
}

/**
 * The user behind a request, or undefined when it was answered with 401, 403 or 500. One allowed subresource is enough; an
 * authorizer's error ends the matter, whatever the others would say.
 */
export async function admit(access: Access, exchange: Exchange, subresources: readonly string[]): Promise<UserInfo | undefined> {
  const { headers } = exchange.request;
  const protocols = headers['sec-websocket-protocol'];
  const result = await access.authenticate({
    certificates: exchange.peer.certificates,
    authorization: headers.authorization,
    webSocketProtocols: protocols,
  });
  if (result.kind !== 'user') {
    if (result.kind === 'rejected') access.log.error('Unable to authenticate the request due to an error', { err: result.reason });
    sendText(exchange, 401, 'Unauthorized');
    return undefined;
  }
  // What proved the user must not reach a handler, nor the runtime behind it.
  delete headers.authorization;
  if (protocols !== undefined) headers['sec-websocket-protocol'] = withoutWebSocketToken(protocols);
  return (await allowed(access, exchange, result.user, subresources)) ? result.user : undefined;
}

async function allowed(access: Access, exchange: Exchange, user: UserInfo, subresources: readonly string[]): Promise<boolean> {
  const verb = verbOf(exchange.method);
  for (const subresource of subresources) {
    const decision = await access.authorize({
      kind: 'resource',
      user,
      verb,
      namespace: '',
      group: '',
      version: 'v1',
      resource: 'nodes',
      subresource,
      name: access.nodeName,
      path: exchange.target.path ?? '',
    });
    if (decision.decision === 'allow') return true;
    if (decision.error !== undefined) {
      access.log.error('Authorization error', { user: user.name, verb, resource: 'nodes', subresource, err: decision.error });
      sendText(exchange, 500, `Authorization error (user=${user.name}, verb=${verb}, resource=nodes, subresource=${subresource})`);
      return false;
    }
  }
  access.log.v(2, 'Forbidden', { user: user.name, verb, resource: 'nodes', 'subresource(s)': subresources });
  sendText(exchange, 403, `Forbidden (user=${user.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}])\n`);
  return false;
}
