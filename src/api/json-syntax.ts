/** What is wrong with text that is no JSON, in Go's words (`encoding/json/scanner.go`). */

const END = 'unexpected end of JSON input';

class Fault extends Error {}

/** Where a scan stands. */
interface Cursor {
  readonly text: string;
  at: number;
}

/** The message for text that JSON.parse refused. */
export function jsonSyntaxError(text: string): string {
  const cursor: Cursor = { text, at: 0 };
  try {
    scanDocument(cursor);
  } catch (error) {
    if (error instanceof Fault) return error.message;
    throw error;
  }
  return END;
}

/** A character as Go quotes it in these messages. */
function quoted(character: string): string {
  if (character === "'") return `'\\''`;
  if (character === '"') return `'"'`;
  const named: Readonly<Record<string, string>> = {
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\\': '\\\\',
    '\b': '\\b',
    '\f': '\\f',
    '\v': '\\v',
    '\u0007': '\\a',
  };
  const name = named[character];
  if (name !== undefined) return `'${name}'`;
  const code = character.charCodeAt(0);
  if (code < 0x20 || code === 0x7f) return `'\\x${code.toString(16).padStart(2, '0')}'`;
  return `'${character}'`;
}

/** Go's scanner goes byte by byte, so it names the first byte of a character outside ASCII. */
function firstByte(text: string, at: number): string {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  const byte = Buffer.from(character)[0] ?? 0;
  return byte < 0x80 ? character : byte < 0xa1 || byte === 0xad ? `\\u00${byte.toString(16)}` : String.fromCharCode(byte);
}

function fault(cursor: Cursor, context: string): never {
  if (cursor.at >= cursor.text.length) throw new Fault(END);
  const byte = firstByte(cursor.text, cursor.at);
  throw new Fault(`invalid character ${byte.length > 1 ? `'${byte}'` : quoted(byte)} ${context}`);
}

const peek = (c: Cursor): string => c.text.charAt(c.at);

function skipSpace(c: Cursor): void {
  while (c.at < c.text.length && ' \t\r\n'.includes(peek(c))) c.at++;
}

interface Open {
  readonly list: boolean;
}

/** Walks the grammar without recursion, so that deep nesting cannot exhaust the stack. */
function scanDocument(c: Cursor): void {
  const open: Open[] = [];
  for (;;) {
    skipSpace(c);
    if (beginValue(c, open)) continue;
    if (!endValue(c, open)) return;
  }
}

/** Reads a value, or opens a list or object; true when the next thing must be a value. */
function beginValue(c: Cursor, open: Open[]): boolean {
  const first = peek(c);
  if (first === '[') {
    c.at++;
    open.push({ list: true });
    skipSpace(c);
    return peek(c) !== ']';
  }
  if (first === '{') {
    c.at++;
    open.push({ list: false });
    skipSpace(c);
    if (peek(c) === '}') return false;
    scanKey(c);
    return true;
  }
  if (first === '"') scanString(c);
  else if (first === '-' || (first >= '0' && first <= '9')) scanNumber(c);
  else if (first === 't') scanLiteral(c, 'true');
  else if (first === 'f') scanLiteral(c, 'false');
  else if (first === 'n') scanLiteral(c, 'null');
  else fault(c, 'looking for beginning of value');
  return false;
}

/** Closes what ends here; true when another value follows, false at the end of the document. */
function endValue(c: Cursor, open: Open[]): boolean {
  for (;;) {
    skipSpace(c);
    const top = open.at(-1);
    if (top === undefined) {
      if (c.at < c.text.length) fault(c, 'after top-level value');
      return false;
    }
    const next = peek(c);
    if (next === (top.list ? ']' : '}')) {
      c.at++;
      open.pop();
      continue;
    }
    if (next !== ',') fault(c, top.list ? 'after array element' : 'after object key:value pair');
    c.at++;
    skipSpace(c);
    if (!top.list) scanKey(c);
    return true;
  }
}

function scanKey(c: Cursor): void {
  if (peek(c) !== '"') fault(c, 'looking for beginning of object key string');
  scanString(c);
  skipSpace(c);
  if (peek(c) !== ':') fault(c, 'after object key');
  c.at++;
}

function scanString(c: Cursor): void {
  c.at++;
  for (;;) {
    const character = peek(c);
    if (character === '') fault(c, '');
    if (character === '"') {
      c.at++;
      return;
    }
    if (character < ' ') fault(c, 'in string literal');
    c.at++;
    if (character === '\\') scanEscape(c);
  }
}

function scanEscape(c: Cursor): void {
  const escape = peek(c);
  if (escape === '' || !'bfnrt\\/"u'.includes(escape)) fault(c, 'in string escape code');
  c.at++;
  if (escape !== 'u') return;
  for (let i = 0; i < 4; i++) {
    if (!/[0-9a-fA-F]/.test(peek(c))) fault(c, 'in \\u hexadecimal character escape');
    c.at++;
  }
}

const isDigit = (character: string): boolean => character >= '0' && character <= '9' && character !== '';

function scanDigits(c: Cursor, context: string): void {
  if (!isDigit(peek(c))) fault(c, context);
  while (isDigit(peek(c))) c.at++;
}

function scanNumber(c: Cursor): void {
  if (peek(c) === '-') c.at++;
  if (peek(c) === '0') c.at++;
  else scanDigits(c, 'in numeric literal');
  if (peek(c) === '.') {
    c.at++;
    scanDigits(c, 'after decimal point in numeric literal');
  }
  if (peek(c) === 'e' || peek(c) === 'E') {
    c.at++;
    if (peek(c) === '+' || peek(c) === '-') c.at++;
    scanDigits(c, 'in exponent of numeric literal');
  }
}

function scanLiteral(c: Cursor, word: string): void {
  for (const expected of word) {
    if (peek(c) !== expected) fault(c, `in literal ${word} (expecting '${expected}')`);
    c.at++;
  }
}
