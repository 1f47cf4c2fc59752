/** The watch stream: one JSON event a line (apimachinery `pkg/watch`). */
import type { IncomingMessage } from 'node:http';
import { StatusError } from '../api/status.ts';
import type { Status } from '../api/types.ts';
import type { WatchEvent } from './kube-client.ts';

/** Bytes of one event; a longer line ends the watch with an error. */
const MAX_EVENT_BYTES = 16 << 20;

/** The lines of a stream, without their ends. Throws when a line is longer than `limit` bytes. */
export async function* lines(stream: AsyncIterable<Buffer>, limit: number): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      parts.push(chunk.subarray(from, end));
      yield Buffer.concat(parts).toString('utf8');
      parts = [];
      size = 0;
      from = end + 1;
    }
    if (from < chunk.length) {
      parts.push(chunk.subarray(from));
      size += chunk.length - from;
      if (size > limit) throw new Error(`a line of the stream is longer than ${limit} bytes`);
    }
  }
  if (size > 0) yield Buffer.concat(parts).toString('utf8');
}

/** Events of a watch answer. An ERROR event is thrown as a StatusError; the end of the stream ends the iteration. */
export async function* watchEvents<T>(response: IncomingMessage): AsyncGenerator<WatchEvent<T>> {
  for await (const line of lines(response, MAX_EVENT_BYTES)) {
    if (line === '') continue;
    const event = JSON.parse(line) as WatchEvent<T> | { type: 'ERROR'; object: Status };
    if (event.type === 'ERROR') {
      const { code = 500, message = 'watch failed', reason = 'Unknown' } = event.object;
      throw new StatusError({ ...event.object, code, message, reason });
    }
    yield event;
  }
}
