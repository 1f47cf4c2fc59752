/** One question to a registry or token service, with redirects, in Go's words when it fails. */
import type { IncomingMessage } from 'node:http';
import { dialText, requestBackend } from '../../../net/backend.ts';

export interface ExchangeOptions {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent with these headers, and only to the host that is asked first. */
  readonly authorization?: string;
  readonly body?: string;
  /** Certificates of https hosts are not checked. */
  readonly insecure?: boolean;
  readonly signal?: AbortSignal;
  /** Until the head of the answer is there. */
  readonly timeoutMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** To be read to its end or destroyed. */
  readonly body: IncomingMessage;
  /** Where the answer came from in the end. */
  readonly url: string;
}

/** The other side could not be asked, or does not answer as it should. */
export class RegistryError extends Error {
  /** It may go better when it is tried again. */
  readonly retry: boolean;
  constructor(message: string, options: ErrorOptions & { readonly retry?: boolean } = {}) {
    super(message, options);
    this.name = 'RegistryError';
    this.retry = options.retry ?? false;
  }
}

const ANSWER_TIMEOUT = 30_000;
const MAX_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Follows redirects; what was to prove who asks is for the first host alone. Rejects with `RegistryError`. */
export async function exchange(url: string, options: ExchangeOptions): Promise<Answer> {
  let at = url;
  let { authorization } = options;
  for (let hops = 0; ; hops += 1) {
    const answer = await ask(at, { ...options, ...(authorization !== undefined && { authorization }) }, authorization);
    const { location } = answer.headers;
    if (!REDIRECTS.has(answer.status) || location === undefined || options.method === 'POST') return answer;
    answer.body.destroy();
    if (hops >= MAX_REDIRECTS) throw failure(options.method, url, `stopped after ${MAX_REDIRECTS} redirects`);
    const next = redirected(at, location, options.method);
    if (next.host !== new URL(at).host || next.protocol !== new URL(at).protocol) authorization = undefined;
    at = next.href;
  }
}

function redirected(from: string, location: string, method: string): URL {
  const next = URL.canParse(location, from) ? new URL(location, from) : null;
  if (next?.protocol !== 'http:' && next?.protocol !== 'https:')
    throw failure(method, from, `failed to parse Location header ${JSON.stringify(location.slice(0, 200))}`);
  if (next.protocol === 'http:' && from.startsWith('https:'))
    throw failure(method, from, `refused to be redirected from https to ${JSON.stringify(next.origin)}`);
  next.username = '';
  next.password = '';
  return next;
}

function ask(url: string, options: ExchangeOptions, authorization: string | undefined): Promise<Answer> {
  const { method, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(failure(method, url, 'context canceled'));
      return;
    }
    const target = { url, dialTimeoutMs: ANSWER_TIMEOUT, tls: { insecureSkipVerify: options.insecure ?? false } };
    const request = requestBackend(target, method, {
      'User-Agent': 'nodelet',
      ...options.headers,
      ...(authorization !== undefined && { Authorization: authorization }),
      ...(options.body !== undefined && { 'Content-Length': String(Buffer.byteLength(options.body)) }),
    });
    const timer = setTimeout(
      () => request.destroy(new Error('net/http: timeout awaiting response headers')),
      options.timeoutMs ?? ANSWER_TIMEOUT,
    );
    const onAbort = (): void => void request.destroy(new Error('context canceled'));
    signal?.addEventListener('abort', onAbort, { once: true });
    request.once('close', () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    });
    request.on('error', (error) => {
      reject(failure(method, url, dialText(error, target), { cause: error, retry: !signal?.aborted }));
    });
    request.once('response', (body) => {
      clearTimeout(timer);
      body.on('error', () => undefined);
      resolve({ status: body.statusCode ?? 0, headers: body.headers, body, url });
    });
    request.end(options.body);
  });
}

/** As Go's `url.Error` puts it: `Get "https://…": EOF`. */
function failure(method: string, url: string, why: string, options: ErrorOptions & { readonly retry?: boolean } = {}): RegistryError {
  return new RegistryError(`${method[0]}${method.slice(1).toLowerCase()} "${url}": ${why}`, options);
}

/** The whole of a small answer. Rejects with `RegistryError` for one of more than `limit` bytes, one that stalls and one that breaks off. */
export async function readAnswer({ body, url }: Answer, limit: number, idleMs: number = ANSWER_TIMEOUT): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of bodyOf(body, url, idleMs)) {
    size += chunk.length;
    if (size > limit) {
      body.destroy();
      throw new RegistryError(`the answer of ${url} is larger than ${limit} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The bytes of an answer. Throws `RegistryError` when none came for `idleMs` and when it breaks off. */
export async function* bodyOf(body: IncomingMessage, url: string, idleMs: number): AsyncGenerator<Buffer> {
  const stalled = (): void => void body.destroy(new Error(`no data for ${idleMs / 1000} s`));
  let timer = setTimeout(stalled, idleMs);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      clearTimeout(timer);
      yield chunk;
      timer = setTimeout(stalled, idleMs);
    }
    if (!body.complete) throw new Error('unexpected EOF');
  } catch (error) {
    const text = error instanceof Error && error.message !== 'aborted' ? error.message : 'unexpected EOF';
    throw new RegistryError(`reading ${url}: ${text}`, { cause: error, retry: true });
  } finally {
    clearTimeout(timer);
    body.destroy();
  }
}

/** `401 Unauthorized`. */
export function statusText({ status, body }: Answer): string {
  return `${status} ${body.statusMessage ?? ''}`.trim();
}
