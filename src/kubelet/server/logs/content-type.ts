import { posix } from 'node:path';
import type { Host } from '../../../util/host.ts';

/** Types that Go knows without a system table (mime `type.go`). */
const BY_EXTENSION: Readonly<Record<string, string>> = {
  '.avif': 'image/avif',
  '.css': 'text/css; charset=utf-8',
  '.gif': 'image/gif',
  '.htm': 'text/html; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webp': 'image/webp',
  '.xml': 'text/xml; charset=utf-8',
};

/** The machine's tables, in Go's order (mime `type_unix.go`): the first of these alone, else all of the others. */
const GLOBS = ['/usr/local/share/mime/globs2', '/usr/share/mime/globs2'];
const TYPE_FILES = ['/etc/mime.types', '/etc/apache2/mime.types', '/etc/apache/mime.types', '/etc/httpd/conf/mime.types'];

/** A file's type by its name, else by its first bytes. */
export type ContentTypes = (name: string, head: Buffer) => Promise<string>;

/** Types of files as Go's file server finds them. The machine's tables are read when the first file is asked for. */
export function contentTypes(host: Pick<Host, 'files'>): ContentTypes {
  let table: Promise<ReadonlyMap<string, string>> | undefined;
  return async (name, head) => {
    table ??= readTable(host);
    const extension = posix.extname(name);
    const types = await table;
    return types.get(extension) ?? types.get(extension.toLowerCase()) ?? sniff(head);
  };
}

async function readTable({ files }: Pick<Host, 'files'>): Promise<ReadonlyMap<string, string>> {
  const table = new Map(Object.entries(BY_EXTENSION));
  const read = (file: string): Promise<string | undefined> => files.readFile(file, 'utf8').catch(() => undefined);
  for (const file of GLOBS) {
    const text = await read(file);
    if (text === undefined) continue;
    for (const line of text.split('\n')) {
      const [weight = '', type = '', glob = ''] = line.split(':');
      const extension = glob.slice(1);
      if (weight === '' || weight.startsWith('#') || !/^\.[^?*[]+$/.test(extension) || !glob.startsWith('*')) continue;
      if (!table.has(extension)) table.set(extension, withCharset(type));
    }
    return table;
  }
  for (const file of TYPE_FILES) {
    for (const line of ((await read(file)) ?? '').split('\n')) {
      const [type = '', ...extensions] = line.trim().split(/\s+/);
      if (type.startsWith('#')) continue;
      const comment = extensions.findIndex((extension) => extension.startsWith('#'));
      for (const extension of comment < 0 ? extensions : extensions.slice(0, comment)) table.set(`.${extension}`, withCharset(type));
    }
  }
  return table;
}

function withCharset(type: string): string {
  return type.startsWith('text/') && !type.includes('charset=') ? `${type}; charset=utf-8` : type;
}

const HTML = /^[\t\n\f\r ]*<(?:!DOCTYPE HTML|HTML|HEAD|SCRIPT|IFRAME|H1|DIV|FONT|TABLE|A|STYLE|TITLE|B|BODY|BR|P|!--)[ >]/i;

/** How contents of a type begin, of those that a log directory may hold (net/http `sniff.go`, the WHATWG's table). */
const BEGINNINGS: readonly (readonly [RegExp | string, string])[] = [
  [HTML, 'text/html; charset=utf-8'],
  [/^[\t\n\f\r ]*<\?xml/, 'text/xml; charset=utf-8'],
  ['%PDF-', 'application/pdf'],
  ['%!PS-Adobe-', 'application/postscript'],
  [/^\xfe\xff../s, 'text/plain; charset=utf-16be'],
  [/^\xff\xfe../s, 'text/plain; charset=utf-16le'],
  [/^\xef\xbb\xbf./s, 'text/plain; charset=utf-8'],
  ['\0\0\x01\0', 'image/x-icon'],
  ['\0\0\x02\0', 'image/x-icon'],
  ['BM', 'image/bmp'],
  [/^GIF8[79]a/, 'image/gif'],
  [/^RIFF.{4}WEBPVP/s, 'image/webp'],
  ['\x89PNG\r\n\x1a\n', 'image/png'],
  ['\xff\xd8\xff', 'image/jpeg'],
  ['ID3', 'audio/mpeg'],
  ['OggS\0', 'application/ogg'],
  ['\0asm', 'application/wasm'],
  ['Rar!\x1a\x07', 'application/x-rar-compressed'],
  ['PK\x03\x04', 'application/zip'],
  ['\x1f\x8b\x08', 'application/x-gzip'],
];

function sniff(head: Buffer): string {
  const text = head.toString('latin1');
  const found = BEGINNINGS.find(([beginning]) => (typeof beginning === 'string' ? text.startsWith(beginning) : beginning.test(text)));
  if (found !== undefined) return found[1];
  return head.some(isBinary) ? 'application/octet-stream' : 'text/plain; charset=utf-8';
}

/** Control characters that no text has. */
function isBinary(byte: number): boolean {
  return byte <= 0x08 || byte === 0x0b || (byte >= 0x0e && byte <= 0x1a) || (byte >= 0x1c && byte <= 0x1f);
}
