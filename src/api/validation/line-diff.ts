/** Unified diffs of lines, matched the way Python's difflib and its Go port do it (`pmezard/go-difflib`). */

interface Block {
  readonly a: number;
  readonly b: number;
  readonly size: number;
}
interface Change {
  readonly same: boolean;
  readonly a: readonly [from: number, to: number];
  readonly b: readonly [from: number, to: number];
}

const CONTEXT = 3;
/** From this length on, lines that are everywhere do not start a match. */
const POPULAR_FROM = 200;

/** `@@ -1,3 +1,4 @@` and what follows; empty when the lines are the same. Every line ends in a newline. */
export function unifiedDiff(a: readonly string[], b: readonly string[]): string {
  return groups(changes(a, b))
    .map((group) => hunk(group, a, b))
    .join('');
}

function hunk(group: readonly Change[], a: readonly string[], b: readonly string[]): string {
  const first = group[0];
  const last = group.at(-1);
  if (first === undefined || last === undefined) return '';
  const lines = group.flatMap((change) => {
    const removed = a.slice(...change.a);
    if (change.same) return removed.map((line) => ` ${line}\n`);
    return [...removed.map((line) => `-${line}\n`), ...b.slice(...change.b).map((line) => `+${line}\n`)];
  });
  return `@@ -${range(first.a[0], last.a[1])} +${range(first.b[0], last.b[1])} @@\n${lines.join('')}`;
}

function range(from: number, to: number): string {
  const length = to - from;
  if (length === 1) return `${from + 1}`;
  return `${length === 0 ? from : from + 1},${length}`;
}

/** Changes with a few unchanged lines around them, apart where more than that lies between. */
function groups(all: readonly Change[]): Change[][] {
  const out: Change[][] = [];
  let group: Change[] = [];
  for (const [i, change] of all.entries()) {
    if (!change.same) {
      group.push(change);
      continue;
    }
    const length = change.a[1] - change.a[0];
    const isFirst = i === 0;
    const isLast = i === all.length - 1;
    if (!isFirst && !isLast && length <= 2 * CONTEXT) group.push(change);
    else {
      if (!isFirst) {
        group.push(head(change, Math.min(CONTEXT, length)));
        out.push(group);
      }
      group = isLast ? [] : [tail(change, Math.min(CONTEXT, length))];
    }
  }
  if (group.some((change) => !change.same)) out.push(group);
  return out.filter((g) => g.some((change) => !change.same));
}

const head = (change: Change, n: number): Change => ({ ...change, a: [change.a[0], change.a[0] + n], b: [change.b[0], change.b[0] + n] });
const tail = (change: Change, n: number): Change => ({ ...change, a: [change.a[1] - n, change.a[1]], b: [change.b[1] - n, change.b[1]] });

function changes(a: readonly string[], b: readonly string[]): Change[] {
  const out: Change[] = [];
  let [i, j] = [0, 0];
  for (const block of [...matches(a, b), { a: a.length, b: b.length, size: 0 }]) {
    if (i < block.a || j < block.b) out.push({ same: false, a: [i, block.a], b: [j, block.b] });
    [i, j] = [block.a + block.size, block.b + block.size];
    if (block.size > 0) out.push({ same: true, a: [block.a, i], b: [block.b, j] });
  }
  return out;
}

/** The matching blocks in order: the longest first, then what lies left and right of it. */
function matches(a: readonly string[], b: readonly string[]): Block[] {
  const places = placesOf(b);
  const found: Block[] = [];
  const open: [number, number, number, number][] = [[0, a.length, 0, b.length]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [alo, ahi, blo, bhi] = next;
    const block = longest(a, b, places, next);
    if (block.size === 0) continue;
    found.push(block);
    open.push([alo, block.a, blo, block.b], [block.a + block.size, ahi, block.b + block.size, bhi]);
  }
  return merged(found.toSorted((x, y) => x.a - y.a || x.b - y.b));
}

function merged(blocks: readonly Block[]): Block[] {
  const out: Block[] = [];
  for (const block of blocks) {
    const last = out.at(-1);
    if (last !== undefined && last.a + last.size === block.a && last.b + last.size === block.b)
      out[out.length - 1] = { ...last, size: last.size + block.size };
    else out.push(block);
  }
  return out;
}

function placesOf(b: readonly string[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  for (const [i, line] of b.entries()) {
    const at = places.get(line);
    if (at === undefined) places.set(line, [i]);
    else at.push(i);
  }
  const most = Math.floor(b.length / 100) + 1;
  if (b.length >= POPULAR_FROM) for (const [line, at] of places) if (at.length > most) places.delete(line);
  return places;
}

function longest(
  a: readonly string[],
  b: readonly string[],
  places: Map<string, number[]>,
  [alo, ahi, blo, bhi]: readonly [number, number, number, number],
): Block {
  let best: Block = { a: alo, b: blo, size: 0 };
  let lengths = new Map<number, number>();
  for (let i = alo; i < ahi; i++) {
    const next = new Map<number, number>();
    for (const j of places.get(a[i] ?? '') ?? []) {
      if (j < blo) continue;
      if (j >= bhi) break;
      const size = (lengths.get(j - 1) ?? 0) + 1;
      next.set(j, size);
      if (size > best.size) best = { a: i - size + 1, b: j - size + 1, size };
    }
    lengths = next;
  }
  let { a: i, b: j, size } = best;
  while (i > alo && j > blo && a[i - 1] === b[j - 1]) [i, j, size] = [i - 1, j - 1, size + 1];
  while (i + size < ahi && j + size < bhi && a[i + size] === b[j + size]) size++;
  return { a: i, b: j, size };
}
