/** Remembers answers about tokens and rights for a while (apiserver `pkg/authentication/token/cache`, `plugin/pkg/authorizer/webhook`). */
import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../util/clock.ts';
import type { Attributes, AuthenticationResult, Authorizer, Decision, TokenAuthenticator } from './types.ts';

/** Entries that a cache holds before it drops the one that was not used for longest. */
export const MAX_CACHED = 8192;
/** Questions whose texts add up to more are never kept (webhook `maxControlledAttrCacheSize`). */
const MAX_QUESTION_LENGTH = 10_000;

interface Entry<V> {
  readonly value: V;
  readonly until: number;
}

/**
 * One lookup at a time per key: a remembered answer, the running lookup of another caller, or a new one. `ttlMs` says how
 * long an answer is good; 0 keeps it not at all.
 */
function rememberedLookup<V>(clock: Clock, maxEntries: number, ttlMs: (value: V) => number) {
  const entries = new Map<string, Entry<V>>();
  const running = new Map<string, Promise<V>>();
  return async (key: string, look: () => Promise<V>): Promise<V> => {
    const known = entries.get(key);
    if (known !== undefined) {
      entries.delete(key);
      if (clock.monotonic() < known.until) {
        // Back in at the end: the map's order is the order of use.
        entries.set(key, known);
        return known.value;
      }
    }
    const current = running.get(key) ?? start(key, look);
    return current;
  };

  function start(key: string, look: () => Promise<V>): Promise<V> {
    const lookup = look().then((value) => {
      const ttl = ttlMs(value);
      if (ttl > 0) {
        if (entries.size >= maxEntries) drop();
        entries.set(key, { value, until: clock.monotonic() + ttl });
      }
      return value;
    });
    const finished = lookup.finally(() => running.delete(key));
    running.set(key, finished);
    return finished;
  }

  function drop(): void {
    const oldest = entries.keys().next();
    if (!oldest.done) entries.delete(oldest.value);
  }
}

export interface TokenCacheOptions {
  readonly clock: Clock;
  /** How long a user stands for a token, in ms. */
  readonly successTtlMs: number;
  /** How long "no opinion" stands, in ms. Rejections are never kept. */
  readonly failureTtlMs: number;
  readonly maxEntries?: number;
}

/** A token authenticator that remembers. Tokens are kept only as an HMAC under a key of this process. */
export function cachedAuthenticator(authenticate: TokenAuthenticator, options: TokenCacheOptions): TokenAuthenticator {
  const secret = randomBytes(32);
  const lookup = rememberedLookup<AuthenticationResult>(options.clock, options.maxEntries ?? MAX_CACHED, ({ kind }) =>
    kind === 'user' ? options.successTtlMs : kind === 'none' ? options.failureTtlMs : 0,
  );
  return (token, audiences) => {
    const key = createHmac('sha256', secret)
      .update(JSON.stringify([token, audiences]))
      .digest('base64');
    return lookup(key, () => authenticate(token, audiences));
  };
}

export interface DecisionCacheOptions {
  readonly clock: Clock;
  /** How long a yes stands, in ms (`cacheAuthorizedTTL`). */
  readonly allowTtlMs: number;
  /** How long a no stands, in ms (`cacheUnauthorizedTTL`). */
  readonly denyTtlMs: number;
  readonly maxEntries?: number;
}

/** An authorizer that remembers decisions; one that came with an error is asked again. */
export function cachedAuthorizer(authorize: Authorizer, options: DecisionCacheOptions): (attributes: Attributes) => Promise<Decision> {
  const lookup = rememberedLookup<Decision>(options.clock, options.maxEntries ?? MAX_CACHED, (decision) => {
    if (decision.decision === 'allow') return options.allowTtlMs;
    return decision.error === undefined ? options.denyTtlMs : 0;
  });
  return async (attributes) => {
    if (questionLength(attributes) >= MAX_QUESTION_LENGTH) return authorize(attributes);
    return lookup(JSON.stringify(attributes), async () => authorize(attributes));
  };
}

function questionLength(attributes: Attributes): number {
  if (attributes.kind === 'nonResource') return attributes.verb.length + attributes.path.length;
  const { namespace, verb, group, version, resource, subresource, name, path = '' } = attributes;
  return [namespace, verb, group, version, resource, subresource, name, path].reduce((sum, text) => sum + text.length, 0);
}
