/**
 * The way of a request: who asks, as whom, for what, may they, who answers. Nothing is answered before it is authenticated and
 * authorized. (apiserver `pkg/server/config.go` DefaultBuildHandlerChain)
 */
import { randomUUID } from 'node:crypto';
import { requestInfo, type RequestInfo } from '../../api/request-info.ts';
import { failure, StatusError, unauthorized } from '../../api/status.ts';
import type { Authorizer, UserInfo } from '../../auth/types.ts';
import { BodyCutOffError } from '../../net/body.ts';
import type { Exchange, UpgradeExchange } from '../../net/http.ts';
import { asExchange } from '../../net/upgrade-exchange.ts';
import type { Clock } from '../../util/clock.ts';
import { errorText, type Logger } from '../../util/log.ts';
import { pageNotFound, type NonResourceHandler } from '../discovery/discovery.ts';
import type { ApiRequest, Impersonation, RequestAuthenticator } from '../endpoint.ts';
import type { ApiMetrics } from '../metrics.ts';
import type { ResourceRouter } from '../resources/router.ts';
import { AccessDenied, checkAccess } from './access.ts';
import { negotiateError } from './negotiate.ts';
import { sendError } from './send.ts';
import { warningCollector } from './warnings.ts';

export interface PipelineOptions {
  readonly authenticate: RequestAuthenticator;
  readonly impersonate: Impersonation;
  readonly authorize: Authorizer;
  readonly resources: ResourceRouter;
  readonly nonResources: NonResourceHandler;
  readonly knowsGroupVersion: (group: string, version: string) => boolean;
  readonly metrics: Pick<ApiMetrics, 'begin' | 'decided'>;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Pipeline {
  readonly handle: (exchange: Exchange) => Promise<void>;
  readonly upgrade: (exchange: UpgradeExchange) => Promise<void>;
}

export function createPipeline(options: PipelineOptions): Pipeline {
  const admit = async (exchange: Exchange | UpgradeExchange, info: RequestInfo): Promise<UserInfo> => {
    const { metrics, clock } = options;
    const start = clock.monotonic();
    const sender = await options.authenticate(exchange);
    metrics.decided('authentication', sender ? 'success' : 'failure', (clock.monotonic() - start) / 1000, sender?.name);
    if (!sender) throw unauthorized();
    const user = await options.impersonate(exchange, sender);
    const asked = clock.monotonic();
    try {
      await checkAccess(options.authorize, user, info, exchange.target.query);
      metrics.decided('authorization', 'allowed', (clock.monotonic() - asked) / 1000);
    } catch (error) {
      metrics.decided('authorization', error instanceof AccessDenied ? 'denied' : 'error', (clock.monotonic() - asked) / 1000);
      throw error;
    }
    return user;
  };

  const handle = async (exchange: Exchange): Promise<void> => {
    const { response, target } = exchange;
    response.setHeader('Audit-Id', exchange.request.headers['audit-id'] ?? randomUUID());
    response.setHeader('Cache-Control', 'no-cache, private');
    try {
      const info = requestInfo(exchange.method, target.path ?? '', target.query);
      options.metrics.begin(exchange, info);
      const user = await admit(exchange, info);
      if (!info.isResource) await options.nonResources(exchange, info);
      else if (!options.knowsGroupVersion(info.group, info.version)) pageNotFound(exchange);
      else
        await options.resources.serve(
          { exchange, info, user, query: target.query, signal: exchange.signal },
          exchange,
          warningCollector(exchange),
        );
    } catch (error) {
      await answerError(exchange, error);
    }
  };

  const upgrade = async (exchange: UpgradeExchange): Promise<void> => {
    const { target } = exchange;
    const info = requestInfo(exchange.method, target.path ?? '', target.query);
    const connect = info.isResource ? options.resources.connectHandler(info) : undefined;
    if (!connect) {
      // Whatever does not leave HTTP answers an offer to leave it as if there were none.
      await handle(asExchange(exchange));
      return;
    }
    options.metrics.begin(exchange, info);
    try {
      const user = await admit(exchange, info);
      const request: ApiRequest = { exchange, info, user, query: target.query, signal: exchange.signal };
      await connect(request, exchange);
    } catch (error) {
      await answerError(asExchange(exchange), error);
    }
  };

  const answerError = async (exchange: Exchange, error: unknown): Promise<void> => {
    const { response, target } = exchange;
    if (error instanceof BodyCutOffError || exchange.signal.aborted) {
      response.destroy();
      return;
    }
    if (response.headersSent) {
      options.log.error('An answer broke off', { path: target.rawPath, error: errorText(error) });
      response.destroy();
      return;
    }
    const { headers } = exchange.request;
    const form = negotiateError({ accept: headers.accept, userAgent: headers['user-agent'], query: target.query });
    if (error instanceof AccessDenied) response.setHeader('X-Content-Type-Options', 'nosniff');
    await sendError(exchange, statusOf(error, target.rawPath), form);
  };

  const statusOf = (error: unknown, path: string): StatusError => {
    if (error instanceof StatusError) return error;
    if (error instanceof AccessDenied) return error.answer;
    options.log.error('A request failed', { path, error: error instanceof Error ? (error.stack ?? error.message) : errorText(error) });
    return failure(500, 'InternalError', `Internal error occurred: ${errorText(error)}`, { causes: [{ message: errorText(error) }] });
  };

  return { handle, upgrade };
}
