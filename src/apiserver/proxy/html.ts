/**
 * Rewrites the links of an HTML page while it streams by (apimachinery `util/proxy/transport.go` rewriteHTML). As there,
 * every start tag is written anew: its names in lower case, its values in double quotes; all else stays byte for byte.
 */
import { Transform, type TransformCallback } from 'node:stream';

/** Attributes that hold a URL, by tag. */
const LINKS: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['src', 'usemap', 'formaction'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
};
/** Elements whose content is text up to their own end tag. */
const RAW = new Set(['iframe', 'noembed', 'noframes', 'noscript', 'script', 'style', 'textarea', 'title', 'xmp']);
const SPACE = /[\s/]/;
/** A tag or comment longer than this is passed on as it is: nothing waits in memory without end. */
const MAX_PENDING = 256 * 1024;

/** Reads and gives bytes; `rewrite` gets each URL as it is in the page. */
export function htmlRewriter(rewrite: (url: string) => string): Transform {
  let pending = '';
  let raw = '';
  /** Set when a tag was too long: the rest of the page stays as it is. */
  let surrendered = false;

  /** The output for all that is complete; keeps the rest. */
  function consume(last: boolean): string {
    let out = '';
    while (pending !== '') {
      const step = surrendered ? undefined : next(pending, raw, last);
      if (step === undefined) {
        out += pending;
        pending = '';
        break;
      }
      if (step.length === 0) {
        if (!last && pending.length <= MAX_PENDING) break;
        surrendered = !last;
        out += pending;
        pending = '';
        break;
      }
      out += step.tag === undefined ? pending.slice(0, step.length) : tagText(step.tag, rewrite);
      raw = step.raw;
      pending = pending.slice(step.length);
    }
    return out;
  }

  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      pending += chunk.toString('latin1');
      done(null, Buffer.from(consume(false), 'latin1'));
    },
    flush(done: TransformCallback) {
      done(null, Buffer.from(consume(true), 'latin1'));
    },
  });
}

interface Tag {
  readonly name: string;
  readonly attributes: readonly (readonly [name: string, value: string])[];
  readonly selfClosing: boolean;
}

interface Step {
  /** Characters of this piece; 0 when its end has not come yet. */
  readonly length: number;
  readonly tag?: Tag;
  /** The element in whose text the next piece lies. */
  readonly raw: string;
}

/** The first piece of the text: text, a start tag, or anything else in angle brackets. */
function next(text: string, raw: string, last: boolean): Step {
  if (raw !== '') {
    const end = text.search(new RegExp(`</${raw}[\\s/>]`, 'i'));
    if (end > 0) return { length: end, raw: '' };
    if (end === 0) return pieceTo(text, '>');
    const safe = last ? text.length : text.length - raw.length - 3;
    return { length: Math.max(0, safe), raw };
  }
  const open = text.indexOf('<');
  if (open < 0) return { length: text.length, raw: '' };
  if (open > 0) return { length: open, raw: '' };
  if (text.startsWith('<!--')) return pieceTo(text, '-->');
  if (/^<[!?/]/.test(text)) return pieceTo(text, '>');
  if (text.length > 1 && !/^<[a-z]/i.test(text)) return { length: 1, raw: '' };
  return startTag(text);
}

function pieceTo(text: string, end: string): Step {
  const at = text.indexOf(end);
  return { length: at < 0 ? 0 : at + end.length, raw: '' };
}

const UNFINISHED: Step = { length: 0, raw: '' };

function startTag(text: string): Step {
  let at = 1;
  const until = (stop: RegExp): string => {
    const from = at;
    while (at < text.length && !stop.test(text[at] ?? '')) at += 1;
    return text.slice(from, at);
  };
  const skip = (what: RegExp): void => {
    while (at < text.length && what.test(text[at] ?? '')) at += 1;
  };
  const name = until(/[\s/>]/).toLowerCase();
  const attributes: [string, string][] = [];
  for (;;) {
    skip(SPACE);
    if (at >= text.length) return UNFINISHED;
    if (text[at] === '>') break;
    const key = text[at] === '=' ? ((at += 1), `=${until(/[\s/=>]/)}`) : until(/[\s/=>]/);
    skip(/\s/);
    let value = '';
    if (text[at] === '=') {
      at += 1;
      skip(/\s/);
      const quote = text[at];
      if (quote === '"' || quote === "'") {
        const end = text.indexOf(quote, at + 1);
        if (end < 0) return UNFINISHED;
        value = text.slice(at + 1, end);
        at = end + 1;
      } else value = until(/[\s>]/);
    }
    attributes.push([key.toLowerCase(), value]);
  }
  const selfClosing = text[at - 1] === '/';
  return { length: at + 1, tag: { name, attributes, selfClosing }, raw: !selfClosing && RAW.has(name) ? name : '' };
}

function tagText({ name, attributes, selfClosing }: Tag, rewrite: (url: string) => string): string {
  const links = LINKS[name] ?? [];
  const shown = attributes.map(([key, value]) => ` ${key}="${escaped(links.includes(key) ? rewrite(value) : value)}"`);
  return `<${name}${shown.join('')}${selfClosing ? '/' : ''}>`;
}

const ESCAPES: Readonly<Record<string, string>> = { "'": '&#39;', '<': '&lt;', '>': '&gt;', '"': '&#34;', '\r': '&#13;' };

/** Go's escapes of an attribute; references to characters stay as they are. */
function escaped(value: string): string {
  return value
    .replaceAll(/&(?!(?:#\d+|#x[\da-f]+|[a-z][a-z\d]*);)/gi, '&amp;')
    .replaceAll(/&(?:quot|#x22);/gi, '&#34;')
    .replaceAll(/&(?:apos|#x27);/gi, '&#39;')
    .replaceAll(/['<>"\r]/g, (character) => ESCAPES[character] ?? character);
}
