/** Watches: the changes of a collection as they are committed (apiserver `pkg/endpoints/handlers/watch.go`). */
import type { ResourceDefinition } from '../../api/resources.ts';
import { expired, type StatusError } from '../../api/status.ts';
import type { Clock, Timer } from '../../util/clock.ts';
import { drained, startStream, writePieces, type Piece } from '../http/stream.ts';
import { plainError } from '../registry/write.ts';
import { includeObject } from '../resources/encode.ts';
import { listOptions, type ListOptions } from '../resources/list-options.ts';
import { revisionOf } from '../resources/read.ts';
import { formOf, type ResourceRequest } from '../resources/request.ts';
import type { Entry } from '../store/entry.ts';
import type { Store } from '../store/store.ts';
import { eventEncoder, type EncodedEvents, type EventEncoder } from './encoder.ts';
import { seenBy } from './select.ts';
import { createTurns, type Turns } from './turns.ts';

/** Times of a watch, in ms. */
const TIMES = {
  bookmarkEvery: 60_000,
  /** A last bookmark goes out this long before the end. */
  bookmarkBeforeEnd: 2_000,
  /** Without timeoutSeconds a watch lasts between this and twice as long. */
  shortest: 30 * 60_000,
  /** A client that takes nothing for so long is cut off. */
  stalled: 60_000,
} as const;

/** The watches of one server. */
export interface Watches {
  /** Serves a watch until it ends. Throws StatusError before the first byte. */
  serve(request: ResourceRequest): Promise<void>;
  /** Ends every watch cleanly. */
  close(): void;
}

/** `sent` hears of each event and its size. */
export function createWatches(clock: Clock, sent: (of: ResourceDefinition, bytes: number) => void = () => undefined): Watches {
  const encoded: EncodedEvents = new WeakMap();
  const turns = createTurns(clock);
  const open = new Set<() => void>();
  let closed = false;
  return {
    async serve(request) {
      const form = formOf(request, { stream: true });
      const options = listOptions(request.definition, request.query, true, request.info.name);
      const include = includeObject(request.query);
      const start = options.resourceVersion === '' ? 0 : revisionOf(options.resourceVersion, plainError);
      const { core, view, exchange } = request;
      const encoder = eventEncoder({ view, form, include, now: () => core.clock.now(), encoded });
      startStream(exchange.response, { 'Content-Type': form.media === 'application/json' ? form.media : `${form.media};stream=watch` });
      const namespace = request.definition.namespaced ? request.info.namespace : '';
      const watch = runWatch({ request, options, encoder, turns, sent, start, prefix: namespace === '' ? '' : `${namespace}/` });
      open.add(watch.end);
      if (closed) watch.end();
      await watch.done;
      open.delete(watch.end);
    },
    close() {
      closed = true;
      for (const end of open) end();
    },
  };
}

interface Watch {
  readonly request: ResourceRequest;
  readonly options: ListOptions;
  readonly encoder: EventEncoder;
  readonly turns: Turns;
  readonly sent: (of: ResourceDefinition, bytes: number) => void;
  readonly start: number;
  readonly prefix: string;
}

/**
 * One watch. It keeps no queue: the store's history is the queue, and `cursor` says how far this watch has read. A client that
 * is slow stops the reading; one that is too slow finds its place in the history gone, and is cut off.
 */
function runWatch({ request, options, encoder, turns, sent, start, prefix }: Watch): {
  readonly done: Promise<void>;
  readonly end: () => void;
} {
  const { core, view, exchange } = request;
  const { store, clock } = core;
  const { response, signal } = exchange;
  const whole = `${view.bucket}/${prefix}`;
  const timers: Timer[] = [];
  let cursor = start;
  let blocked = true;
  let over = false;
  const ended = new AbortController();
  const done = new Promise<void>((resolve) => ended.signal.addEventListener('abort', () => resolve()));

  const stop = (): void => {
    if (over) return;
    over = true;
    for (const timer of timers) timer.cancel();
    unsubscribe();
    turns.forget(read);
    signal.removeEventListener('abort', stop);
    ended.abort();
  };
  const end = (): void => {
    if (over) return;
    stop();
    response.end();
  };
  const cutOff = (): void => {
    stop();
    response.destroy();
  };

  /** Sends pieces; the promise there may be lasts until the client has taken them. */
  const send = (pieces: readonly Piece[]): Promise<void> | undefined => {
    if (over) return undefined;
    for (const piece of pieces) sent(view.definition, piece.bytes.length);
    return writePieces(response, pieces) ? undefined : taken();
  };

  const taken = async (): Promise<void> => {
    const stalled = clock.after(TIMES.stalled, cutOff);
    await drained(response, ended.signal);
    stalled.cancel();
  };

  /** The next events of the history that this watch shows, as many as go into one write. */
  const gather = (): readonly Piece[] => {
    const pieces: Piece[] = [];
    let bytes = 0;
    for (const event of store.history.after(view.bucket, cursor)) {
      cursor = event.revision;
      if (!event.entry.key.startsWith(whole)) continue;
      const seen = seenBy(options.selects, view, event);
      if (!seen) continue;
      const piece = encoder.event(seen.type, seen.entry);
      pieces.push(piece);
      bytes += piece.bytes.length;
      if (bytes >= MAX_WRITE_BYTES) return pieces;
    }
    if (pieces.length === 0) cursor = Math.max(cursor, store.revision);
    return pieces;
  };

  /** Reads the history to its end, or until the client must be waited for. */
  const read = (): void => {
    if (!blocked) void readOn();
  };

  const readOn = async (): Promise<void> => {
    blocked = true;
    for (;;) {
      if (over) break;
      if (store.history.floor(view.bucket) > cursor) {
        cutOff();
        break;
      }
      const pieces = gather();
      if (pieces.length === 0) break;
      const waits = send(pieces);
      if (waits) await waits;
    }
    blocked = false;
  };

  const sendInitial = async (entries: readonly Entry[]): Promise<void> => {
    for (const entry of entries) {
      if (over) return;
      if (options.selects.matches(view.object(entry))) await send([encoder.event('ADDED', entry)]);
    }
  };

  const begin = async (): Promise<void> => {
    if (start === 0 || options.sendInitialEvents) {
      const entries = store.list(view.bucket, prefix);
      cursor = store.revision;
      await sendInitial(entries);
      if (options.sendInitialEvents && options.bookmarks) await send([encoder.bookmark(cursor, true)]);
    } else if (start < store.history.floor(view.bucket)) {
      await send([encoder.error(tooOld(start, store).status)]);
      end();
      return;
    }
    blocked = false;
    read();
  };

  const bookmark = (): void => {
    if (!options.bookmarks) return;
    // Whoever is not held up then has read all there is.
    read();
    if (blocked || over) return;
    cursor = Math.max(cursor, store.revision);
    void send([encoder.bookmark(cursor, false)]);
  };

  const unsubscribe = store.subscribe(view.bucket, () => turns.ask(read));
  signal.addEventListener('abort', stop, { once: true });
  const lasts = duration(options.timeoutSeconds);
  timers.push(clock.after(lasts, end), clock.every(TIMES.bookmarkEvery, bookmark));
  if (lasts > TIMES.bookmarkBeforeEnd) timers.push(clock.after(lasts - TIMES.bookmarkBeforeEnd, bookmark));
  if (signal.aborted) stop();
  else void begin();
  return { done, end };
}

/** Events are gathered for one write up to this size. */
const MAX_WRITE_BYTES = 64 * 1024;

/** How long a watch lasts, in ms. */
function duration(timeoutSeconds: number | undefined): number {
  if (timeoutSeconds !== undefined && timeoutSeconds > 0) return timeoutSeconds * 1000;
  return TIMES.shortest * (1 + Math.random());
}

function tooOld(start: number, store: Store): StatusError {
  return expired(`too old resource version: ${start} (${store.revision})`);
}
