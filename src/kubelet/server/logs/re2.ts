/** Whether a pattern is one of RE2, and what Go says of it if not (Go `regexp/syntax`, with Perl's extensions). */

const MAX_REPEAT = 1000;
const MAX_DEPTH = 1000;
const POSIX_CLASS = /^\[:\^?(alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\]$/;

/** A fault of a pattern: `missing closing ]: `[a``. */
class PatternFault extends Error {
  constructor(what: string, expression: string) {
    super(`${what}: \`${expression}\``);
  }
}

/** What is wrong with a pattern; undefined when it is one. */
export function patternProblem(pattern: string): string | undefined {
  try {
    check(pattern);
    return undefined;
  } catch (error) {
    if (error instanceof PatternFault) return error.message;
    throw error;
  }
}

/** The characters of a text, however many units each has. */
function runes(text: string): string[] {
  return Array.from(text);
}

function check(pattern: string): void {
  const text = runes(pattern);
  const from = (start: number, end?: number): string => text.slice(start, end).join('');
  /** Whether something stands before that can be repeated, here and in each group around. */
  const repeatable: boolean[] = [];
  let something = false;
  let repeatBegan: number | undefined;
  for (let at = 0; at < text.length;) {
    const began = at;
    const character = text[at];
    const size = character === '{' ? repeatSize(from(at)) : undefined;
    let repeats = false;
    if (character === '(') {
      const flags = text[at + 1] === '?' ? perlGroup(from(at)) : { length: 1, opens: true };
      at += flags.length;
      if (flags.opens) {
        repeatable.push(something);
        if (repeatable.length > MAX_DEPTH) throw new PatternFault('expression nests too deeply', pattern);
        something = false;
      }
    } else if (character === ')') {
      if (repeatable.pop() === undefined) throw new PatternFault('unexpected )', pattern);
      something = true;
      at += 1;
    } else if (character === '|') {
      something = false;
      at += 1;
    } else if (character === '*' || character === '+' || character === '?' || size !== undefined) {
      at += size?.length ?? 1;
      if (size !== undefined && !size.fits) throw new PatternFault('invalid repeat count', from(began, at));
      if (text[at] === '?') at += 1;
      if (repeatBegan !== undefined) throw new PatternFault('invalid nested repetition operator', from(repeatBegan, at));
      if (!something) throw new PatternFault('missing argument to repetition operator', from(began, at));
      repeats = true;
    } else {
      at += character === '[' ? classLength(from(at)) : character === '\\' ? escapeLength(from(at)) : 1;
      something = true;
    }
    repeatBegan = repeats ? began : undefined;
  }
  if (repeatable.length > 0) throw new PatternFault('missing closing )', pattern);
}

/** The length of `{n}`, `{n,}` or `{n,m}`; undefined for a brace that stands for itself. */
function repeatSize(text: string): { readonly length: number; readonly fits: boolean } | undefined {
  const [whole, least, comma, most] = /^\{(0|[1-9]\d*)(,)?(0|[1-9]\d*)?\}/.exec(text) ?? [];
  if (whole === undefined || (comma === undefined && most !== undefined)) return undefined;
  const [min, max] = [Number(least), Number(most ?? least)];
  const ordered = most === undefined || min <= max;
  return { length: whole.length, fits: min <= MAX_REPEAT && max <= MAX_REPEAT && ordered };
}

/** `(?flags)`, `(?flags:`, `(?P<name>` or `(?<name>`. */
function perlGroup(text: string): { readonly length: number; readonly opens: boolean } {
  const named = /^\(\?P?</.exec(text)?.[0];
  if (named !== undefined && text.length > named.length) {
    const end = text.indexOf('>');
    if (end < 0) throw new PatternFault('invalid named capture', text);
    if (!/^\w+$/.test(text.slice(named.length, end))) throw new PatternFault('invalid named capture', text.slice(0, end + 1));
    return { length: runes(text.slice(0, end + 1)).length, opens: true };
  }
  const [flags = '', last] = /^\(\?(?:[imsU]*-[imsU]+|[imsU]*)([:)])?/.exec(text) ?? [];
  if (last !== undefined) return { length: flags.length, opens: last === ':' };
  const [read = ''] = /^\(\?[imsU]*(?:-[imsU]*)?/.exec(text) ?? [];
  const next = runes(text.slice(read.length))[0] ?? '';
  throw new PatternFault('invalid or unsupported Perl syntax', read + next);
}

/** The length of a class, `[` to `]`. */
function classLength(text: string): number {
  const characters = runes(text);
  let at = characters[1] === '^' ? 2 : 1;
  const first = at;
  const rest = (start: number): string => characters.slice(start).join('');
  while (characters[at] !== ']' || at === first) {
    const posix = /^\[:.*?:\]/su.exec(rest(at))?.[0];
    if (posix !== undefined) {
      if (!POSIX_CLASS.test(posix)) throw new PatternFault('invalid character class range', posix);
      at += runes(posix).length;
      continue;
    }
    if (/^\\[pPdswDSW]/.test(rest(at))) {
      at += escapeLength(rest(at));
      continue;
    }
    const began = at;
    const low = classCharacter(rest(at), text);
    at += low.length;
    if (characters[at] !== '-' || characters[at + 1] === undefined || characters[at + 1] === ']') continue;
    const high = classCharacter(rest(at + 1), text);
    at += 1 + high.length;
    if (high.code < low.code) throw new PatternFault('invalid character class range', characters.slice(began, at).join(''));
  }
  return at + 1;
}

function classCharacter(text: string, whole: string): { readonly code: number; readonly length: number } {
  if (text === '') throw new PatternFault('missing closing ]', whole);
  if (text.startsWith('\\')) return characterEscape(text);
  const code = text.codePointAt(0) ?? 0;
  return { code, length: 1 };
}

/** The length, in characters, of an escape outside or inside a class. */
function escapeLength(text: string): number {
  const letter = text[1];
  if (letter === 'Q') {
    const end = text.indexOf('\\E');
    return runes(end < 0 ? text : text.slice(0, end + 2)).length;
  }
  if (letter === 'C') throw new PatternFault('invalid escape sequence', '\\C');
  if (letter !== undefined && 'AbBzdswDSW'.includes(letter)) return 2;
  if (letter !== 'p' && letter !== 'P') return characterEscape(text).length;
  const braced = text[2] === '{';
  const end = text.indexOf('}');
  if (braced && end < 0) throw new PatternFault('invalid character class range', text);
  const sequence = braced ? text.slice(0, end + 1) : runes(text).slice(0, 3).join('');
  if (!isUnicodeClass(sequence.slice(2).replace(/^\{\^?|\}$/g, ''))) throw new PatternFault('invalid character class range', sequence);
  return runes(sequence).length;
}

/** Whether there is a category or a script of this name. */
function isUnicodeClass(name: string): boolean {
  if (!/^\w+$/.test(name)) return false;
  return ['gc=', 'sc='].some((property) => {
    try {
      return name === 'Any' || RegExp(`\\p{${property}${name}}`, 'u') instanceof RegExp;
    } catch {
      return false;
    }
  });
}

const CONTROLS: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

/** An escape that stands for one character. */
function characterEscape(text: string): { readonly code: number; readonly length: number } {
  const next = runes(text.slice(1))[0];
  if (next === undefined) throw new PatternFault('trailing backslash at end of expression', '');
  const [octal] = /^(0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(text.slice(1)) ?? [];
  if (octal !== undefined) return { code: Number.parseInt(octal, 8), length: 1 + octal.length };
  const [hexadecimal, braced, pair] = /^x(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{2}))/.exec(text.slice(1)) ?? [];
  if (hexadecimal !== undefined) {
    const code = Number.parseInt(braced ?? pair ?? '', 16);
    if (code <= 0x10_ffff) return { code, length: 1 + hexadecimal.length };
  }
  const control = CONTROLS[next];
  if (control !== undefined) return { code: control, length: 2 };
  const code = next.codePointAt(0) ?? 0;
  if (code < 0x80 && !/[0-9A-Za-z]/.test(next)) return { code, length: 2 };
  throw new PatternFault('invalid escape sequence', wrongEscape(text, next));
}

/** As much of a wrong escape as Go has read when it gives up. */
function wrongEscape(text: string, next: string): string {
  if (next !== 'x') return `\\${next}`;
  const [read = '\\x'] = /^\\x(?:\{[0-9a-fA-F]*.?|.{0,2})/su.exec(text) ?? [];
  return read;
}
