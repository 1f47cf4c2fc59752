import { createInflate } from 'node:zlib';
import { DICTIONARY_ID, headerDictionary } from './dictionary.ts';
import { SpdyError } from './frames.ts';

/** Header names (lower case) and values of a stream. */
export type StreamHeaders = Readonly<Record<string, string>>;

/** Longest header block after decompression, in bytes; a longer one ends the connection. */
const MAX_BLOCK = 65_536;
const FORBIDDEN = new Set(['connection', 'host', 'keep-alive', 'proxy-connection', 'transfer-encoding']);
const MAX_STORED = 65_535;
/** An empty stored block: what a sync flush ends with, and what makes Go's reader hand out what it has. */
const SYNC = Buffer.from('000000ffff', 'hex');

/** Name-value pairs as SPDY lays them out before compression. */
export function encodePairs(headers: StreamHeaders): Buffer {
  const pairs = Object.entries(headers);
  const parts = [u32(pairs.length)];
  for (const [name, value] of pairs) parts.push(counted(name.toLowerCase()), counted(value));
  return Buffer.concat(parts);
}

/** The reverse of `encodePairs`. Throws `SpdyError` on what the original's reader refuses; repeated values are joined by NUL. */
export function decodePairs(bytes: Buffer): StreamHeaders {
  let at = 0;
  const number = (): number => {
    if (at + 4 > bytes.length) throw new SpdyError('header block too short');
    at += 4;
    return bytes.readUInt32BE(at - 4);
  };
  const text = (): string => {
    const length = number();
    if (length > bytes.length - at) throw new SpdyError('header block too short');
    at += length;
    return bytes.toString('latin1', at - length, at);
  };
  const headers: Record<string, string> = Object.create(null);
  for (let left = number(); left > 0; left -= 1) {
    const name = text();
    if (name !== name.toLowerCase()) throw new SpdyError('header name with upper-case letters');
    if (name in headers) throw new SpdyError('header name twice');
    if (FORBIDDEN.has(name)) throw new SpdyError(`header ${name} is not allowed`);
    headers[name] = text();
  }
  if (at !== bytes.length) throw new SpdyError('compressed payload size was incorrect');
  return headers;
}

/**
 * Makes the header blocks of one direction of a connection, in order: one zlib stream of stored blocks. Stored blocks
 * need no state and no thread; every zlib reader takes them, and a block here is shorter than a packet.
 */
export function createBlockWriter(): (headers: StreamHeaders) => Buffer {
  let first = true;
  return (headers) => {
    const pairs = encodePairs(headers);
    if (pairs.length > MAX_STORED) throw new SpdyError('header block too long');
    const stored = Buffer.alloc(5);
    stored.writeUInt16LE(pairs.length, 1);
    stored.writeUInt16LE(pairs.length ^ 0xff_ff, 3);
    const head = first ? Buffer.concat([Buffer.from([0x78, 0x20]), u32(DICTIONARY_ID)]) : Buffer.alloc(0);
    first = false;
    return Buffer.concat([head, stored, pairs, SYNC]);
  };
}

export interface BlockReader {
  /** Decodes the next block; blocks must come in the order of the connection, one at a time. Rejects with `SpdyError`. */
  read(block: Buffer): Promise<StreamHeaders>;
  close(): void;
}

/** Reads the header blocks of one direction of a connection: one zlib stream with the preset dictionary. */
export function createBlockReader(): BlockReader {
  const inflate = createInflate({ dictionary: headerDictionary() });
  const output = { parts: [] as Buffer[], size: 0 };
  let fail: ((error: Error) => void) | null = null;
  const drain = (): void => {
    for (let part: unknown = inflate.read(); Buffer.isBuffer(part); part = inflate.read()) {
      output.parts.push(part);
      output.size += part.length;
      if (output.size > MAX_BLOCK) {
        inflate.destroy(new SpdyError('header block too long'));
        return;
      }
    }
  };
  inflate.on('readable', drain);
  inflate.on('error', (error) => fail?.(new SpdyError(error.message)));
  inflate.on('end', () => fail?.(new SpdyError('the header stream ended')));
  return {
    read: (block) =>
      new Promise((resolve, reject) => {
        if (inflate.destroyed || inflate.readableEnded) {
          reject(new SpdyError('the header stream is closed'));
          return;
        }
        fail = reject;
        inflate.write(block, (error) => {
          if (error) return;
          drain();
          const bytes = Buffer.concat(output.parts);
          output.parts = [];
          output.size = 0;
          try {
            resolve(decodePairs(bytes));
          } catch (cause) {
            reject(cause instanceof Error ? cause : new SpdyError(String(cause)));
          }
        });
      }),
    close: () => inflate.destroy(),
  };
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function counted(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([u32(bytes.length), bytes]);
}
