/** Bytes from `start` up to, not including, `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Digits of a position that a number holds exactly. */
const MAX_DIGITS = 15;

/**
 * Reads a Range header for a file of `size` bytes (net/http `parseRange`). Ranges that begin after the file's end are left out,
 * unless all do. None for no header, and for ranges that together are more than the file: then the whole is sent.
 */
export function parseRanges(header: string | undefined, size: number): readonly ByteRange[] | 'wrong' | 'outside' {
  if (header === undefined || header === '') return [];
  if (!header.startsWith('bytes=')) return 'wrong';
  const specs = header
    .slice('bytes='.length)
    .split(',')
    .map((spec) => spec.trim())
    .filter((spec) => spec !== '');
  const ranges: ByteRange[] = [];
  let outside = false;
  for (const spec of specs) {
    const range = parseRange(spec, size);
    if (range === 'wrong') return 'wrong';
    if (range === 'outside') outside = true;
    else ranges.push(range);
  }
  if (outside && ranges.length === 0) return size === 0 ? [] : 'outside';
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0) > size ? [] : ranges;
}

function parseRange(spec: string, size: number): ByteRange | 'wrong' | 'outside' {
  const [, from, to] = /^(\d*)[ \t]*-[ \t]*(\d*)$/.exec(spec) ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return 'wrong';
  if (from.length > MAX_DIGITS || to.length > MAX_DIGITS) return 'wrong';
  if (from === '') return { start: size - Math.min(Number(to), size), end: size };
  const start = Number(from);
  if (start >= size) return 'outside';
  const last = to === '' ? size - 1 : Number(to);
  return last < start ? 'wrong' : { start, end: Math.min(last + 1, size) };
}
