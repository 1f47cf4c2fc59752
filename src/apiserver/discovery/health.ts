/** `/healthz`, `/livez` and `/readyz` (apiserver `pkg/server/healthz/healthz.go`). */
import type { Exchange } from '../../net/http.ts';
import { goHttpError, sendText } from '../../net/respond.ts';

/** A check; it throws when something is wrong. */
export interface HealthCheck {
  readonly name: string;
  readonly check: () => void;
}

/** Answers the check of the whole (`/livez`) or of one part (`/livez/ping`). False when there is no such part. */
export function serveHealth(
  exchange: Exchange,
  probe: string,
  part: string,
  checks: readonly HealthCheck[],
  query: URLSearchParams,
): boolean {
  if (part !== '') {
    const one = checks.find(({ name }) => name === part);
    if (!one) return false;
    const fault = run(one);
    if (fault === undefined) sendText(exchange, 200, 'ok');
    else goHttpError(exchange, 500, `internal server error: ${fault}`);
    return true;
  }
  const excluded = new Set(query.getAll('exclude'));
  let report = '';
  let failed = false;
  for (const check of checks) {
    if (excluded.delete(check.name)) {
      report += `[+]${check.name} excluded: ok\n`;
      continue;
    }
    const fault = run(check);
    failed ||= fault !== undefined;
    report += fault === undefined ? `[+]${check.name} ok\n` : `[-]${check.name} failed: reason withheld\n`;
  }
  if (excluded.size > 0) {
    report += `warn: some health checks cannot be excluded: no matches for ${[...excluded].map((name) => JSON.stringify(name)).join(', ')}\n`;
  }
  const headers = { 'X-Content-Type-Options': 'nosniff' };
  if (failed) goHttpError(exchange, 500, `${report}${probe} check failed`);
  else if (query.has('verbose')) sendText(exchange, 200, `${report}${probe} check passed\n`, headers);
  else sendText(exchange, 200, 'ok', headers);
  return true;
}

function run({ check }: HealthCheck): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : 'failed';
  }
}
