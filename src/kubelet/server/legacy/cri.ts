/**
 * `/cri/…`: the second half of exec, attach and port-forward as kubelets with `--redirect-container-streaming` served them.
 * A request without an upgrade is answered 302; the client opens the stream where that leads.
 */
import { goHttpError, sendText } from '../../../net/respond.ts';
import { redirect } from '../redirect.ts';
import type { Handler, KubeletRequest } from '../request.ts';
import type { StreamKind } from './stream-tokens.ts';

/** Redirects a request that came without an upgrade, when legacy endpoints are on; false when it is not for this. */
export function redirectToStream(request: KubeletRequest, kind: StreamKind): boolean {
  const { exchange, context, params, user } = request;
  const { streamTokens } = context;
  if (streamTokens === undefined || user === undefined || isOpening(request)) return false;
  const token = streamTokens.keep({ kind, user: user.name, params, rawQuery: exchange.target.rawQuery });
  if (token === undefined)
    sendText(exchange, 429, 'rpc error: code = ResourceExhausted desc = maximum number of in-flight requests exceeded', {
      'Retry-After': '60',
    });
  else redirect(exchange, `/cri/${kind}/${token}`, 302);
  return true;
}

/** Opens the stream that a token stands for, by the endpoint that was first asked. */
export function criEndpoint(kind: StreamKind, endpoint: Handler): Handler {
  return (request) => {
    const { exchange, upgrade, context, params, user } = request;
    const found = context.streamTokens?.take(params['token'] ?? '', kind, user?.name ?? '');
    if (found === undefined) {
      goHttpError(exchange, 404, '404 page not found');
      return undefined;
    }
    const target = { ...exchange.target, rawQuery: found.rawQuery, query: new URLSearchParams(found.rawQuery) };
    return endpoint({
      ...request,
      params: found.params,
      exchange: { ...exchange, target },
      upgrade: upgrade && { ...upgrade, target },
    });
  };
}

function isOpening({ exchange }: KubeletRequest): boolean {
  return exchange.target.rawPath.startsWith('/cri/');
}
