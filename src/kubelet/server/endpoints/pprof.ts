/** `GET /debug/pprof/{name}` (net/http/pprof): the profiles that this process can take, under Go's names. */
import type { Exchange } from '../../../net/http.ts';
import { goHttpError, sendBytes, sendText } from '../../../net/respond.ts';
import { cpuProfile } from '../pprof/cpu.ts';
import { encodeProfile } from '../pprof/encode.ts';
import { resourcesProfile, resourcesText } from '../pprof/resources.ts';
import type { Handler } from '../request.ts';

const NO_SNIFF = { 'X-Content-Type-Options': 'nosniff' };
const DEFAULT_SECONDS = 30;
/** An answer may take 4 h (the original's WriteTimeout). */
const MAX_SECONDS = 14_400;

const PROFILES: Readonly<Record<string, Handler>> = {
  cmdline: ({ exchange }) => sendText(exchange, 200, process.argv.join('\0'), NO_SNIFF),
  symbol: ({ exchange }) => sendText(exchange, 200, 'num_symbols: 1\n', NO_SNIFF),
  profile: async ({ exchange, context }) => {
    const asked = Number(exchange.target.query.get('seconds') ?? '');
    const seconds = Number.isSafeInteger(asked) && asked > 0 ? asked : DEFAULT_SECONDS;
    if (seconds >= MAX_SECONDS) {
      goHttpError(exchange, 400, "profile duration exceeds server's WriteTimeout", { 'X-Go-Pprof': '1' });
      return;
    }
    sendProfile(exchange, 'profile', encodeProfile(await cpuProfile(seconds * 1000, context.host.clock, exchange.signal)));
  },
  goroutine: ({ exchange, context }) => {
    const debug = Number(exchange.target.query.get('debug') ?? '0');
    if (debug > 0) sendText(exchange, 200, resourcesText(), NO_SNIFF);
    else sendProfile(exchange, 'goroutine', encodeProfile(resourcesProfile(context.host.clock.now())));
  },
};

function sendProfile(exchange: Exchange, name: string, bytes: Buffer): void {
  sendBytes(exchange, 200, bytes, {
    'Content-Type': 'application/octet-stream',
    'Content-Disposition': `attachment; filename="${name}"`,
    ...NO_SNIFF,
  });
}

export const pprofEndpoint: Handler = (request) => {
  const name = request.params['name'] ?? '';
  const profile = Object.hasOwn(PROFILES, name) ? PROFILES[name] : undefined;
  if (profile !== undefined) return profile(request);
  goHttpError(request.exchange, 404, 'Unknown profile', { 'X-Go-Pprof': '1' });
  return undefined;
};
