/** An answer that is written once and given to all who ask while it holds. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

export interface Encoded {
  readonly bytes: Buffer;
  text(): string;
  /** Packed by the first who asks, in the thread pool. */
  gzipped(): Promise<Buffer>;
}

const zip = promisify(gzip);

export function encoded(content: string | Buffer): Encoded {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  let packed: Promise<Buffer> | undefined;
  return { bytes, text: () => bytes.toString(), gzipped: () => (packed ??= zip(bytes, { level: 1 })) };
}

/** `make` for as long as it is asked about the same things; then what it made goes. */
export function keptFor<K extends readonly unknown[], T>(make: (...of: K) => T): (...of: K) => T {
  let last: { readonly of: K; readonly value: T } | undefined;
  return (...of) => {
    if (last === undefined || !last.of.every((one, i) => Object.is(one, of[i]))) last = { of, value: make(...of) };
    return last.value;
  };
}
