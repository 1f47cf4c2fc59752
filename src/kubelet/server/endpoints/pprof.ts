/** `GET /debug/pprof/{name}` (net/http/pprof): the profiles that this process can take, under Go's names. */
import type { Exchange } from '../../../net/http.ts';
import { goHttpError, sendBytes, sendText } from '../../../net/respond.ts';
import { cpuProfile } from '../pprof/cpu.ts';
import { encodeProfile, type Profile, type ValueType } from '../pprof/encode.ts';
import { heapText } from '../pprof/heap.ts';
import { resourcesProfile, resourcesText } from '../pprof/resources.ts';
import type { Handler, KubeletRequest } from '../request.ts';

const NO_SNIFF = { 'X-Content-Type-Options': 'nosniff' };
const GO_PPROF = { 'X-Go-Pprof': '1' };
const DEFAULT_SECONDS = 30;
/** How long the first look at the heap lasts when no time is asked for. */
const HEAP_SECONDS = 1;
/** Longer than any answer is read; what is asked for beyond it is cut to it. */
const MAX_SECONDS = 14_400;

const CONTENTION: readonly ValueType[] = [
  { type: 'contentions', unit: 'count' },
  { type: 'delay', unit: 'nanoseconds' },
];

const PROFILES: Readonly<Record<string, Handler>> = {
  cmdline: ({ exchange }) => sendText(exchange, 200, process.argv.join('\0'), NO_SNIFF),
  symbol: ({ exchange }) => sendText(exchange, 200, 'num_symbols: 1\n', NO_SNIFF),
  profile: async (request) => {
    const { exchange, context } = request;
    const ms = seconds(exchange, DEFAULT_SECONDS) * 1000;
    sendProfile(exchange, 'profile', await cpuProfile(ms, context.host.clock, exchange.signal));
  },
  goroutine: ({ exchange, context }) => {
    if (asksForText(exchange)) sendText(exchange, 200, resourcesText(), NO_SNIFF);
    else sendProfile(exchange, 'goroutine', resourcesProfile(context.host.clock.now()));
  },
  heap: (request) => heap(request, 'heap'),
  allocs: (request) => heap(request, 'allocs'),
  // Go's are empty too, unless a program asks for them: there is one thread, and it never waits for a lock.
  block: empty('block', CONTENTION),
  mutex: empty('mutex', CONTENTION),
  threadcreate: empty('threadcreate', [{ type: 'threadcreate', unit: 'count' }]),
  trace: ({ exchange }) =>
    goHttpError(
      exchange,
      501,
      'execution traces are of Go programs; this is a Node.js process: profile, heap, allocs and goroutine exist',
      GO_PPROF,
    ),
};

function empty(name: string, valueTypes: readonly ValueType[]): Handler {
  return ({ exchange, context }) => {
    if (asksForText(exchange)) sendText(exchange, 200, `${name} profile: total 0\n`, NO_SNIFF);
    else sendProfile(exchange, name, { valueTypes, samples: [], timeMs: context.host.clock.now() });
  };
}

async function heap(request: KubeletRequest, name: 'heap' | 'allocs'): Promise<void> {
  const { exchange, context } = request;
  const ms = seconds(exchange, HEAP_SECONDS) * 1000;
  const gc = Number(exchange.target.query.get('gc') ?? '0') > 0;
  const profile = await (name === 'heap' ? context.heap.live(ms, exchange.signal, gc) : context.heap.allocated(ms, exchange.signal));
  if (asksForText(exchange)) sendText(exchange, 200, heapText(profile), NO_SNIFF);
  else sendProfile(exchange, name, profile);
}

/** The time that is asked for; the usual one when none is, or none that is one. */
function seconds({ target }: Exchange, usual: number): number {
  const asked = Number(target.query.get('seconds') ?? '');
  return Number.isSafeInteger(asked) && asked > 0 ? Math.min(asked, MAX_SECONDS) : usual;
}

/** What is wrong with the time that a profile of differences is asked for; the CPU's has a usual time instead. */
function deltaProblem(name: string, { target }: Exchange): string | undefined {
  const asked = target.query.get('seconds') ?? '';
  if (asked === '' || name === 'profile' || name === 'trace' || name === 'cmdline' || name === 'symbol') return undefined;
  if (!/^\+?\d{1,18}$/.test(asked) || Number(asked) <= 0) return 'invalid value for "seconds" - must be a positive integer';
  return asksForText({ target }) ? 'seconds and debug params are incompatible' : undefined;
}

function asksForText({ target }: Pick<Exchange, 'target'>): boolean {
  return Number(target.query.get('debug') ?? '0') > 0;
}

function sendProfile(exchange: Exchange, name: string, profile: Profile): void {
  sendBytes(exchange, 200, encodeProfile(profile), {
    'Content-Type': 'application/octet-stream',
    'Content-Disposition': `attachment; filename="${name}"`,
    ...NO_SNIFF,
  });
}

export const pprofEndpoint: Handler = (request) => {
  const name = request.params['name'] ?? '';
  const profile = Object.hasOwn(PROFILES, name) ? PROFILES[name] : undefined;
  const problem = profile && deltaProblem(name, request.exchange);
  if (problem !== undefined) goHttpError(request.exchange, 400, problem, GO_PPROF);
  else if (profile !== undefined) return profile(request);
  else goHttpError(request.exchange, 404, 'Unknown profile', GO_PPROF);
  return undefined;
};
