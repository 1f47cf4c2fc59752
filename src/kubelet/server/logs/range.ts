/** Bytes from `start` up to, not including, `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads a Range header for a file of `size` bytes (net/http `parseRange`). Nothing for no header, and for several ranges,
 * which are answered with the whole file, as RFC 9110 allows.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | 'wrong' | 'outside' | undefined {
  if (header === undefined) return undefined;
  const specs = header.startsWith('bytes=') ? header.slice('bytes='.length).split(',') : undefined;
  if (specs === undefined) return 'wrong';
  const wanted = specs.map((spec) => spec.trim()).filter((spec) => spec !== '');
  const [first] = wanted;
  if (first === undefined || wanted.length > 1) return undefined;
  const [, from, to] = /^(\d*)\s*-\s*(\d*)$/.exec(first) ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return 'wrong';
  if (from === '') {
    const length = Math.min(Number(to), size);
    return { start: size - length, end: size };
  }
  const start = Number(from);
  if (start >= size) return 'outside';
  const last = to === '' ? size - 1 : Number(to);
  return last < start ? 'wrong' : { start, end: Math.min(last + 1, size) };
}
