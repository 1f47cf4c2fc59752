/** Streams that a redirect to `/cri/…` promised, each waiting for its client under an unguessable name (kubernetes `cri/streaming/request_cache.go`). */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../util/clock.ts';

export type StreamKind = 'exec' | 'attach' | 'portforward';

/** A request whose stream is still to be opened. */
export interface PendingStream {
  readonly kind: StreamKind;
  /** Who asked; only they may open it. */
  readonly user: string;
  readonly params: Readonly<Record<string, string>>;
  readonly rawQuery: string;
}

export interface StreamTokens {
  /** Keeps a request and gives its token; undefined when too many wait. */
  keep(stream: PendingStream): string | undefined;
  /** Takes out what a token stands for: once, while it is fresh, by its kind and user. */
  take(token: string, kind: StreamKind, user: string): PendingStream | undefined;
}

const MAX_WAITING = 1_000;
const LIFE_MS = 60_000;
const TOKEN_BYTES = 18;

export function createStreamTokens(clock: Clock): StreamTokens {
  const waiting = new Map<string, { readonly stream: PendingStream; readonly until: number }>();
  function expire(): void {
    const now = clock.monotonic();
    for (const [token, { until }] of waiting) {
      // Kept in the order of their end.
      if (until > now) return;
      waiting.delete(token);
    }
  }
  return {
    keep(stream) {
      expire();
      if (waiting.size >= MAX_WAITING) return undefined;
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      waiting.set(token, { stream, until: clock.monotonic() + LIFE_MS });
      return token;
    },
    take(token, kind, user) {
      expire();
      const found = waiting.get(token)?.stream;
      if (found === undefined || found.kind !== kind || found.user !== user) return undefined;
      waiting.delete(token);
      return found;
    },
  };
}
