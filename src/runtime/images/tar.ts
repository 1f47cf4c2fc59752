/** One member of a tar archive. Its content must be read or skipped before the next one is asked for. */
export interface TarEntry {
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'device' | 'fifo' | 'other';
  readonly linkPath: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** Bytes of the content; what is not read is skipped. */
  readonly content: AsyncIterable<Buffer>;
}

/** An archive that is damaged or larger than what is accepted. */
export class TarError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TarError';
  }
}

const BLOCK = 512;
/** Bytes of a header record (long name, pax) that are accepted. */
const MAX_HEADER_RECORD = 1 << 20;
/** Largest size that a member may claim: 1 TiB. */
const MAX_SIZE = 2 ** 40;

/**
 * Reads a tar archive: ustar, GNU long names and base-256 numbers, pax headers (path, linkpath, size, uid, gid, mtime).
 * Throws `TarError` for what is no tar, and for one that ends in the middle of a member.
 */
export async function* readTar(source: AsyncIterable<Buffer>): AsyncGenerator<TarEntry> {
  const input = blockReader(source);
  let extra = new Map<string, string>();
  for (;;) {
    const header = await input.take(BLOCK);
    if (header === null) return;
    if (header.every((byte) => byte === 0)) return;
    const raw = parseHeader(header);
    if (raw.kind === 'L' || raw.kind === 'K' || raw.kind === 'x' || raw.kind === 'g') {
      if (raw.size > MAX_HEADER_RECORD) throw new TarError('a header record of the archive is too long');
      const record = await input.take(padded(raw.size));
      if (record === null) throw new TarError('the archive ends inside a header record');
      const data = record.subarray(0, raw.size);
      if (raw.kind === 'L') extra.set('path', untilNul(data));
      if (raw.kind === 'K') extra.set('linkpath', untilNul(data));
      if (raw.kind === 'x') for (const [key, value] of parsePax(data)) extra.set(key, value);
      continue;
    }
    const size = number(extra.get('size'), raw.size);
    const hasContent = raw.type === 'file' || raw.type === 'other';
    const body = memberBody(input, hasContent ? size : 0);
    yield {
      path: extra.get('path') ?? raw.path,
      type: raw.type,
      linkPath: extra.get('linkpath') ?? raw.linkPath,
      mode: raw.mode,
      uid: number(extra.get('uid'), raw.uid),
      gid: number(extra.get('gid'), raw.gid),
      size: hasContent ? size : 0,
      mtime: number(extra.get('mtime'), raw.mtime),
      content: body.content,
    };
    await body.skip();
    extra = new Map();
  }
}

interface RawHeader extends Omit<TarEntry, 'content'> {
  readonly kind: string;
}

const TYPES: Readonly<Record<string, TarEntry['type']>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'device',
  '4': 'device',
  '5': 'directory',
  '6': 'fifo',
};

function parseHeader(block: Buffer): RawHeader {
  let sum = 0;
  for (let index = 0; index < BLOCK; index += 1) sum += index >= 148 && index < 156 ? 32 : (block[index] ?? 0);
  if (sum !== octal(block, 148, 8)) throw new TarError('the file is not a tar archive, or it is damaged (header checksum)');
  const kind = String.fromCharCode(block[156] ?? 0);
  const ustar = block.toString('latin1', 257, 262) === 'ustar';
  const name = untilNul(block.subarray(0, 100));
  const prefix = ustar && block.toString('latin1', 257, 265) !== 'ustar  \0' ? untilNul(block.subarray(345, 500)) : '';
  const path = prefix ? `${prefix}/${name}` : name;
  const size = octal(block, 124, 12);
  if (size > MAX_SIZE) throw new TarError('a member of the archive claims an impossible size');
  const type = kind === '0' || kind === '\0' ? (path.endsWith('/') ? 'directory' : 'file') : (TYPES[kind] ?? 'other');
  return {
    kind,
    path,
    type,
    linkPath: untilNul(block.subarray(157, 257)),
    mode: octal(block, 100, 8) & 0o7777,
    uid: octal(block, 108, 8),
    gid: octal(block, 116, 8),
    size,
    mtime: octal(block, 136, 12),
  };
}

/** An octal number, or GNU's base 256 when the first bit is set. */
function octal(block: Buffer, at: number, length: number): number {
  const first = block[at] ?? 0;
  if (first & 0x80) {
    let value = first & 0x7f;
    for (let index = at + 1; index < at + length; index += 1) value = value * 256 + (block[index] ?? 0);
    if (!Number.isSafeInteger(value)) throw new TarError('a number in the archive is too large');
    return value;
  }
  const text = block
    .toString('latin1', at, at + length)
    .replace(/\0.*$/s, '')
    .trim();
  if (text === '') return 0;
  if (!/^[0-7]+$/.test(text)) throw new TarError('the file is not a tar archive, or it is damaged (a number is not octal)');
  return Number.parseInt(text, 8);
}

function parsePax(data: Buffer): [string, string][] {
  const found: [string, string][] = [];
  let at = 0;
  while (at < data.length) {
    const blank = data.indexOf(0x20, at);
    const length = Number(data.toString('latin1', at, Math.max(blank, at)));
    if (blank < 0 || !Number.isSafeInteger(length) || length <= blank - at + 1 || at + length > data.length)
      throw new TarError('a pax header of the archive is damaged');
    const record = data.toString('utf8', blank + 1, at + length - 1);
    const equals = record.indexOf('=');
    if (equals > 0) found.push([record.slice(0, equals), record.slice(equals + 1)]);
    at += length;
  }
  return found;
}

function number(text: string | undefined, fallback: number): number {
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!Number.isFinite(value) || value > MAX_SIZE) throw new TarError('a number in a pax header is not acceptable');
  return Math.max(0, Math.floor(value));
}

function untilNul(data: Buffer): string {
  const end = data.indexOf(0);
  return data.toString('utf8', 0, end < 0 ? data.length : end);
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

interface BlockReader {
  /** Exactly so many bytes; null at the end of the source. Throws when it ends in between. */
  take(size: number): Promise<Buffer | null>;
  /** At least one and at most so many bytes; null at the end. */
  some(most: number): Promise<Buffer | null>;
}

function blockReader(source: AsyncIterable<Buffer>): BlockReader {
  const iterator = source[Symbol.asyncIterator]();
  let current: Buffer = Buffer.alloc(0);
  async function some(most: number): Promise<Buffer | null> {
    while (current.length === 0) {
      const next = await iterator.next();
      if (next.done) return null;
      current = next.value;
    }
    const piece = current.subarray(0, most);
    current = current.subarray(piece.length);
    return piece;
  }
  return {
    some,
    async take(size) {
      const pieces: Buffer[] = [];
      let have = 0;
      while (have < size) {
        const piece = await some(size - have);
        if (piece === null) {
          if (have === 0) return null;
          throw new TarError('the archive ends too early');
        }
        pieces.push(piece);
        have += piece.length;
      }
      return Buffer.concat(pieces);
    },
  };
}

function memberBody(input: BlockReader, size: number): { readonly content: AsyncIterable<Buffer>; readonly skip: () => Promise<void> } {
  let left = size;
  let padding = padded(size) - size;
  async function next(): Promise<Buffer | null> {
    if (left === 0) return null;
    const piece = await input.some(left);
    if (piece === null) throw new TarError('the archive ends inside a member');
    left -= piece.length;
    return piece;
  }
  async function* content(): AsyncGenerator<Buffer> {
    for (let piece = await next(); piece !== null; piece = await next()) yield piece;
  }
  return {
    content: { [Symbol.asyncIterator]: content },
    async skip() {
      while ((await next()) !== null);
      while (padding > 0) {
        const piece = await input.some(padding);
        // Some writers leave out the padding of the last member.
        if (piece === null) return;
        padding -= piece.length;
      }
    },
  };
}
