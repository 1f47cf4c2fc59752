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
import { goHttpError } from '../../net/respond.ts';
import { asExchange } from '../../net/upgrade-exchange.ts';
import type { Clock } from '../../util/clock.ts';
import { errorText, type Logger } from '../../util/log.ts';
import { pageNotFound, type NonResourceHandler } from '../discovery/discovery.ts';
import type { ApiRequest, Impersonation, RequestAuthenticator } from '../endpoint.ts';
import { auditEvent, type AuditFacts } from '../audit/event.ts';
import type { ApiMetrics } from '../metrics.ts';
import type { ResourceRouter } from '../resources/router.ts';
import { AccessDenied, checkAccess } from './access.ts';
import { timeoutOf, within } from './deadline.ts';
import { isLongRunning, type Inflight } from './inflight.ts';
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
  readonly inflight: Inflight;
  /** ms that a request may take which does not last as long as its client likes. */
  readonly requestTimeout: number;
  readonly clock: Clock;
  /** Hears of every request; without it nothing is audited. */
  readonly audit?: (event: string) => void;
  readonly log: Logger;
}

export interface Pipeline {
  readonly handle: (exchange: Exchange) => Promise<void>;
  readonly upgrade: (exchange: UpgradeExchange) => Promise<void>;
}

export function createPipeline(options: PipelineOptions): Pipeline {
  /** Begins to measure and audit a request. */
  const begin = (exchange: Exchange | UpgradeExchange, info: RequestInfo, id: string): AuditFacts => {
    const { audit, clock, metrics } = options;
    metrics.begin(exchange, info);
    const facts: AuditFacts = { id, exchange, info, receivedAt: clock.now() };
    if (audit) {
      const [ended, code] =
        'response' in exchange
          ? [exchange.response, (): number => exchange.response.statusCode]
          : [exchange.socket, (): number => facts.failure?.code ?? SWITCHING];
      ended.once('close', () => audit(auditEvent(facts, 'ResponseComplete', code(), clock.now())));
    }
    return facts;
  };

  /** Who the request acts as. `entered` gets the way out of the limit of running requests. */
  const admit = async (facts: AuditFacts, entered: (leave: () => void) => void): Promise<UserInfo> => {
    const { metrics, clock, audit } = options;
    const { exchange, info } = facts;
    const start = clock.monotonic();
    const sender = await options.authenticate(exchange);
    metrics.decided('authentication', sender ? 'success' : 'failure', (clock.monotonic() - start) / 1000, sender?.name);
    if (!sender) throw unauthorized();
    facts.user = sender;
    const user = await options.impersonate(exchange, sender);
    if (user !== sender) facts.impersonated = user;
    const leave = options.inflight.enter(info, user);
    if (!leave) throw new TooManyRequests();
    entered(leave);
    const asked = clock.monotonic();
    try {
      const reason = await checkAccess(options.authorize, user, info, exchange.target.query);
      facts.decision = { decision: 'allow', reason };
      metrics.decided('authorization', 'allowed', (clock.monotonic() - asked) / 1000);
    } catch (error) {
      const denied = error instanceof AccessDenied;
      if (denied) facts.decision = { decision: 'forbid', reason: error.reason };
      metrics.decided('authorization', denied ? 'denied' : 'error', (clock.monotonic() - asked) / 1000);
      throw error;
    }
    // What may last is told when it begins, too.
    const isUpgrade = !('response' in exchange);
    if (isUpgrade || info.verb === 'watch') audit?.(auditEvent(facts, 'ResponseStarted', isUpgrade ? SWITCHING : 200, clock.now()));
    return user;
  };

  const handle = async (exchange: Exchange): Promise<void> => {
    const { response, target } = exchange;
    const id = auditId(exchange);
    response.setHeader('Audit-Id', id);
    response.setHeader('Cache-Control', 'no-cache, private');
    const info = requestInfo(exchange.method, target.path ?? '', target.query);
    const facts = begin(exchange, info, id);
    let leave = (): void => undefined;
    const answer = async (): Promise<void> => {
      const user = await admit(facts, (way) => (leave = way));
      if (!info.isResource) await options.nonResources(exchange, info);
      else if (!options.knowsGroupVersion(info.group, info.version)) pageNotFound(exchange);
      else await options.resources.serve(requestOf(exchange, info, user), exchange, warningCollector(exchange));
    };
    try {
      if (isLongRunning(info)) await answer();
      else await within(timeoutOf(target.query, options.requestTimeout), answer());
    } catch (error) {
      await answerError(exchange, error, facts);
    } finally {
      leave();
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
    const facts = begin(exchange, info, auditId(exchange));
    try {
      // What leaves HTTP lasts as long as its client likes: it is not counted.
      const user = await admit(facts, () => undefined);
      await connect(requestOf(exchange, info, user), exchange);
    } catch (error) {
      await answerError(asExchange(exchange), error, facts);
    }
  };

  const answerError = async (exchange: Exchange, error: unknown, facts: AuditFacts): Promise<void> => {
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
    if (error instanceof TooManyRequests) {
      goHttpError(exchange, 429, 'Too many requests, please try again later.', { 'Retry-After': '1' });
      return;
    }
    const { headers } = exchange.request;
    const form = negotiateError({ accept: headers.accept, userAgent: headers['user-agent'], query: target.query });
    if (error instanceof AccessDenied) response.setHeader('X-Content-Type-Options', 'nosniff');
    const answer = statusOf(error, target.rawPath);
    facts.failure = answer.status;
    await sendError(exchange, answer, form);
  };

  const statusOf = (error: unknown, path: string): StatusError => {
    if (error instanceof StatusError) return error;
    if (error instanceof AccessDenied) return error.answer;
    options.log.error('A request failed', { path, error: error instanceof Error ? (error.stack ?? error.message) : errorText(error) });
    return failure(500, 'InternalError', `Internal error occurred: ${errorText(error)}`, { causes: [{ message: errorText(error) }] });
  };

  return { handle, upgrade };
}

/** More requests run than may. */
class TooManyRequests extends Error {}

/** The code of a connection that has left HTTP. */
const SWITCHING = 101;

/** The request as its handlers get it; the signal is made when one asks for it. */
function requestOf(exchange: Exchange | UpgradeExchange, info: RequestInfo, user: UserInfo): ApiRequest {
  return {
    exchange,
    info,
    user,
    query: exchange.target.query,
    get signal() {
      return exchange.signal;
    },
  };
}

/** A client may name its request; otherwise it gets a name. */
function auditId({ request }: Exchange | UpgradeExchange): string {
  const given = request.headers['audit-id'];
  return typeof given === 'string' && given !== '' && given.length <= 64 ? given : randomUUID();
}
