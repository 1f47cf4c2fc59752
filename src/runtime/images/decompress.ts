/** Layers as they are stored: plain, gzip or zstd, told apart by their first bytes. */
import { once } from 'node:events';
import { Readable, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { TarError } from './tar.ts';

const CHUNK = 1 << 18;
const ZSTD_MAGIC = 0xfd2fb528;
/** Compressed bytes that are given to fzstd at once: what comes out is in memory before anything can stop it. */
const ZSTD_STEP = 4096;
/** Memory that a zstd stream may ask for to look back in: what its own tools accept by default. */
const MAX_ZSTD_WINDOW = 2 ** 27;

/** The bytes of a layer, decompressed. Throws `TarError` for compressed data that is damaged or ends too early. */
export async function* decompressed(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { head, all } = await withHead(source, 18);
  if (head.length >= 4 && head.readUInt32LE(0) === ZSTD_MAGIC) {
    checkWindow(head);
    const native = nativeZstd();
    yield* native ? through(native, all) : unzstd(all);
  } else if (head[0] === 0x1f && head[1] === 0x8b) yield* through(zlib.createGunzip({ chunkSize: CHUNK }), all);
  else yield* all;
}

/** The first bytes of a stream, and the whole of it. */
async function withHead(source: AsyncIterable<Buffer>, size: number): Promise<{ head: Buffer; all: AsyncIterable<Buffer> }> {
  const iterator = source[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
    if (head.length >= size) break;
  }
  async function* all(): AsyncGenerator<Buffer> {
    try {
      if (head.length > 0) yield head;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
  return { head, all: all() };
}

async function* through(transform: Transform, source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const input = Readable.from(source, { objectMode: false, highWaterMark: CHUNK });
  let failure: unknown;
  input.once('error', (error) => {
    failure = error;
    transform.destroy(error);
  });
  try {
    yield* input.pipe(transform) as AsyncIterable<Buffer>;
  } catch (error) {
    if (failure !== undefined) throw failure;
    throw new TarError(`the compressed data is damaged: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    transform.destroy();
    if (!input.destroyed) {
      input.destroy();
      await once(input, 'close');
    }
  }
}

/** Node 22.15 and later bring zstd along. */
function nativeZstd(): Transform | null {
  const create: unknown = Reflect.get(zlib, 'createZstdDecompress');
  return typeof create === 'function' ? (create({ chunkSize: CHUNK }) as Transform) : null;
}

async function* unzstd(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let out: Buffer[] = [];
  const decoder = new Decompress((chunk) => {
    if (chunk.length > 0) out.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  });
  const push = (piece: Uint8Array, final: boolean): void => {
    try {
      decoder.push(piece, final);
    } catch (error) {
      throw new TarError(`the compressed data is damaged: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  for await (const chunk of source)
    for (let at = 0; at < chunk.length; at += ZSTD_STEP) {
      push(chunk.subarray(at, at + ZSTD_STEP), false);
      const ready = out;
      out = [];
      yield* ready;
    }
  push(new Uint8Array(0), true);
  yield* out;
}

/** Reads the frame's header: a stream of a few bytes must not make this program ask for gigabytes. */
function checkWindow(head: Buffer): void {
  const descriptor = head[4] ?? 0;
  const single = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  let window = 0;
  if (!single) {
    const byte = head[5] ?? 0;
    const base = 2 ** (10 + (byte >> 3));
    window = base + (base / 8) * (byte & 7);
  } else if (head.length >= 5 + dictionary + sizeBytes) {
    const field = head.subarray(5 + dictionary, 5 + dictionary + sizeBytes);
    window = sizeBytes === 8 ? Number(field.readBigUInt64LE()) : field.readUIntLE(0, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
  }
  if (window > MAX_ZSTD_WINDOW) throw new TarError(`the zstd data asks for a window of ${window} bytes, more than ${MAX_ZSTD_WINDOW}`);
}
