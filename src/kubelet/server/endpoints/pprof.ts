import { goHttpError, sendText } from '../../../net/respond.ts';
import type { Handler } from '../request.ts';

/** Profiles under their Go names; each is answered by its own function. */
const PROFILES: Readonly<Record<string, Handler>> = {
  cmdline: ({ exchange }) => sendText(exchange, 200, process.argv.join('\0'), { 'X-Content-Type-Options': 'nosniff' }),
  symbol: ({ exchange }) => sendText(exchange, 200, 'num_symbols: 1\n', { 'X-Content-Type-Options': 'nosniff' }),
};

/** `GET /debug/pprof/{name}` (net/http/pprof). */
export const pprofEndpoint: Handler = (request) => {
  const name = request.params['name'] ?? '';
  const profile = Object.hasOwn(PROFILES, name) ? PROFILES[name] : undefined;
  if (profile !== undefined) return profile(request);
  goHttpError(request.exchange, 404, 'Unknown profile', { 'X-Go-Pprof': '1' });
  return undefined;
};
