/** Bootstrap tokens (kubernetes `plugin/pkg/auth/authenticator/token/bootstrap/bootstrap.go`): what a node has before it has a certificate. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../util/clock.ts';
import type { TokenAuthenticator } from './types.ts';

/** What is kept of a token: a Secret of kube-system, its data decoded. */
export interface BootstrapTokenSecret {
  readonly type: string;
  readonly deleted: boolean;
  readonly data: Readonly<Record<string, string>>;
}

export interface BootstrapTokenOptions {
  /** Looks up a Secret of kube-system by its name. */
  readonly secret: (name: string) => BootstrapTokenSecret | undefined;
  readonly clock: Clock;
  /** The server's own audiences: the tokens name none. */
  readonly audiences: readonly string[];
}

const SECRET_TYPE = 'bootstrap.kubernetes.io/token';
const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const DEFAULT_GROUP = 'system:bootstrappers';
const GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;
const NONE = { kind: 'none' } as const;

/** Knows `system:bootstrap:ID` by the token `ID.SECRET`; has no opinion of every other text. */
export function bootstrapTokenAuthenticator({ secret, clock, audiences }: BootstrapTokenOptions): TokenAuthenticator {
  return (token, wanted = audiences) => {
    const [, id, own] = TOKEN.exec(token) ?? [];
    const matching = audiences.filter((audience) => wanted.includes(audience));
    if (id === undefined || own === undefined || matching.length === 0) return Promise.resolve(NONE);
    const kept = secret(`bootstrap-token-${id}`);
    if (kept === undefined || kept.deleted || kept.type !== SECRET_TYPE) return Promise.resolve(NONE);
    const { data } = kept;
    const groups = groupsOf(data['auth-extra-groups'] ?? '');
    const isGood =
      isSame(data['token-secret'] ?? '', own) &&
      data['token-id'] === id &&
      !isExpired(data['expiration'] ?? '', clock.now()) &&
      data['usage-bootstrap-authentication'] === 'true';
    if (!isGood || groups === undefined) return Promise.resolve(NONE);
    return Promise.resolve({ kind: 'user', user: { name: `system:bootstrap:${id}`, groups }, audiences: matching });
  };
}

/** Compares in a time that says nothing of where the texts part. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** A time that cannot be read has passed. */
function isExpired(text: string, now: number): boolean {
  if (text === '') return false;
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  return !(at > now);
}

/** Every bootstrapper's group and those that the token names; undefined when one of these may not be named. */
function groupsOf(text: string): string[] | undefined {
  if (text === '') return [DEFAULT_GROUP];
  const named = [...new Set(text.split(',').map((group) => group.trim()))].toSorted();
  return named.every((group) => GROUP.test(group)) ? [DEFAULT_GROUP, ...named] : undefined;
}
