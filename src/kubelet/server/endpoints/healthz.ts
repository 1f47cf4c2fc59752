/** `/healthz` and its single checks (apiserver `pkg/server/healthz/healthz.go`). */
import { goQuote } from '../../../api/field-errors.ts';
import { goHttpError, sendText } from '../../../net/respond.ts';
import { parseDuration } from '../../../api/duration.ts';
import type { Handler, ServerContext, ServerKind } from '../request.ts';

/** Names of the checks, in the order of the answer. */
const CHECKS = {
  ping: (): string | undefined => undefined,
  // Lines are written as they come: there is no flush loop that could stall.
  log: (): string | undefined => undefined,
  syncloop: (context: ServerContext): string | undefined => {
    const age = context.view.syncLoopAgeMs();
    return age > MIN_SYNC_AGE_MS && age > 2 * parseDuration(context.config.syncFrequency)
      ? 'sync Loop took longer than expected'
      : undefined;
  },
  'device-plugin': (context: ServerContext): string | undefined => context.view.devicePluginProblem?.(),
} as const satisfies Readonly<Record<string, (context: ServerContext) => string | undefined>>;

export type CheckName = keyof typeof CHECKS;

const MIN_SYNC_AGE_MS = 300_000;
const ALL: readonly CheckName[] = ['ping', 'log', 'syncloop', 'device-plugin'];

/** The checks that a server knows: the healthz server has none of its own and pings. */
export function checksOf(server: ServerKind): readonly CheckName[] {
  return server === 'healthz' ? ['ping'] : ALL;
}

/** Why a check fails; undefined when it is well. The outcome is counted. */
export function runCheck(name: CheckName, context: ServerContext): string | undefined {
  const error = CHECKS[name](context);
  context.metrics.healthCheck(name, error === undefined);
  return error;
}

export const healthzEndpoint: Handler = ({ exchange, server, context }) => {
  const { query } = exchange.target;
  const excluded = new Set(query.getAll('exclude'));
  let lines = '';
  const failed: string[] = [];
  for (const name of checksOf(server)) {
    if (excluded.delete(name)) {
      lines += `[+]${name} excluded: ok\n`;
      continue;
    }
    const error = runCheck(name, context);
    if (error === undefined) lines += `[+]${name} ok\n`;
    else {
      failed.push(`[-]${name} failed: ${error}`);
      lines += `[-]${name} failed: reason withheld\n`;
    }
  }
  if (excluded.size > 0) {
    const unknown = [...excluded].sort().map(goQuote);
    lines += `warn: some health checks cannot be excluded: no matches for ${unknown.join(',')}\n`;
  }
  if (failed.length > 0) {
    context.log.v(2, `check failed: healthz\n${failed.join('\n')}`);
    goHttpError(exchange, 500, `${lines}healthz check failed`);
    return;
  }
  const text = query.has('verbose') ? `${lines}healthz check passed\n` : 'ok';
  sendText(exchange, 200, text, { 'X-Content-Type-Options': 'nosniff' });
};

/** Answers for one check. */
export function healthzCheckEndpoint(name: CheckName): Handler {
  return ({ exchange, context }) => {
    const error = runCheck(name, context);
    if (error === undefined) sendText(exchange, 200, 'ok');
    else goHttpError(exchange, 500, `internal server error: ${error}`);
  };
}
