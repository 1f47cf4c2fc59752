/** Files and listings of one directory, as Go's `http.FileServer` answers, but never of what lies outside (net/http `fs.go`). */
import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import type { Exchange } from '../../../net/http.ts';
import { goHttpError, sendEmpty, sendText } from '../../../net/respond.ts';
import { flushHead, writePart } from '../../../net/stream-answer.ts';
import type { Host } from '../../../util/host.ts';
import { htmlEscape } from '../redirect.ts';
import type { ContentTypes } from './content-type.ts';
import { parseRanges, type ByteRange } from './range.ts';

export interface FileRoot {
  readonly host: Host;
  readonly contentTypes: ContentTypes;
  /** The directory that is served. */
  readonly root: string;
  /** Links below these directories of the root may point into these directories outside it. */
  readonly links: readonly { readonly from: string; readonly to: string }[];
}

const CHUNK = 256 * 1024;
const SNIFFED = 512;
/** Bytes of the text between parts of an answer with several ranges. */
const BOUNDARY = 30;

/** Answers for `path`, which is relative to the root and decoded. `urlPath` is what the client asked for, for redirects. */
export async function serveFile(files: FileRoot, exchange: Exchange, path: string, urlPath: string): Promise<void> {
  const clean = posix.normalize(`/${path}`).replace(/(.)\/$/, '$1');
  if (urlPath.endsWith('/index.html')) {
    localRedirect(exchange, './');
    return;
  }
  const opened = await openInside(files, clean);
  if (typeof opened === 'number') {
    refuse(exchange, opened);
    return;
  }
  const { file, stats, real } = opened;
  try {
    if (stats.isDirectory()) {
      if (!urlPath.endsWith('/')) localRedirect(exchange, `${posix.basename(urlPath)}/`);
      else await serveDirectory(files, exchange, clean, real, stats);
    } else if (urlPath.endsWith('/')) localRedirect(exchange, `../${posix.basename(urlPath)}`);
    else await sendFile(files, exchange, file, stats, clean);
  } finally {
    await file.close();
  }
}

interface Opened {
  readonly file: FileHandle;
  readonly stats: Stats;
  readonly real: string;
}

/** Opens what the path leads to, or says the status of the refusal: 404 also for what lies outside. */
async function openInside(files: FileRoot, clean: string): Promise<Opened | 403 | 404 | 500> {
  const { host, root } = files;
  if (clean.includes('\0')) return 404;
  let file: FileHandle | undefined;
  try {
    const real = await host.files.realpath(posix.join(root, clean));
    if (!(await isAllowed(files, clean, real))) return 404;
    const before = await host.files.stat(real);
    // Opening a pipe or a device could wait forever or do something.
    if (!before.isFile() && !before.isDirectory()) return 404;
    // A link put in its place meanwhile is not followed.
    file = await host.files.open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = await file.stat();
    const opened = stats.dev === before.dev && stats.ino === before.ino ? { file, stats, real } : undefined;
    if (opened === undefined) await file.close();
    return opened ?? 404;
  } catch (error) {
    await file?.close();
    return statusOf(error);
  }
}

async function isAllowed({ host, root, links }: FileRoot, clean: string, real: string): Promise<boolean> {
  if (isInside(await host.files.realpath(root), real)) return true;
  for (const { from, to } of links) {
    if (!isInside(`/${from}`, clean)) continue;
    const target = await host.files.realpath(to).catch(() => undefined);
    if (target !== undefined && isInside(target, real)) return true;
  }
  return false;
}

function isInside(directory: string, path: string): boolean {
  return path === directory || path.startsWith(directory.endsWith('/') ? directory : `${directory}/`);
}

function statusOf(error: unknown): 403 | 404 | 500 {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EACCES' || code === 'EPERM') return 403;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'ENAMETOOLONG' ? 404 : 500;
}

const REFUSALS = { 403: '403 Forbidden', 404: '404 page not found', 500: '500 Internal Server Error' } as const;

function refuse(exchange: Exchange, status: 403 | 404 | 500): void {
  goHttpError(exchange, status, REFUSALS[status]);
}

function localRedirect(exchange: Exchange, to: string): void {
  const { rawQuery } = exchange.target;
  sendEmpty(exchange, 301, { Location: rawQuery === '' ? to : `${to}?${rawQuery}` });
}

async function serveDirectory(files: FileRoot, exchange: Exchange, clean: string, real: string, stats: Stats): Promise<void> {
  const index = await openInside(files, posix.join(clean, 'index.html'));
  if (typeof index !== 'number') {
    try {
      await sendFile(files, exchange, index.file, index.stats, 'index.html');
    } finally {
      await index.file.close();
    }
    return;
  }
  if (isNotModified(exchange, stats)) {
    sendEmpty(exchange, 304);
    return;
  }
  const entries = await files.host.files.readdir(real, { withFileTypes: true });
  const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort((a, b) => (a < b ? -1 : 1));
  const lines = names.map((name) => `<a href="${urlOf(name)}">${htmlEscape(name)}</a>\n`);
  const body = `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${lines.join('')}</pre>\n`;
  sendText(exchange, 200, body, { 'Content-Type': 'text/html; charset=utf-8', 'Last-Modified': stats.mtime.toUTCString() });
}

/** Go's `url.URL{Path: name}.String()`. */
function urlOf(name: string): string {
  const escaped = encodeURIComponent(name)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%(24|26|2B|2C|2F|3A|3B|3D|40)/g, (code) => decodeURIComponent(code));
  return (escaped.split('/')[0] ?? '').includes(':') ? `./${escaped}` : escaped;
}

function isNotModified({ request }: Exchange, stats: Stats): boolean {
  const since = Date.parse(request.headers['if-modified-since'] ?? '');
  return request.headers['if-none-match'] === undefined && Math.floor(stats.mtimeMs / 1000) * 1000 <= since;
}

async function sendFile({ contentTypes }: FileRoot, exchange: Exchange, file: FileHandle, stats: Stats, name: string): Promise<void> {
  const { headers } = exchange.request;
  const modified = stats.mtime.toUTCString();
  if (isNotModified(exchange, stats)) {
    sendEmpty(exchange, 304, { 'Last-Modified': modified });
    return;
  }
  const head = Buffer.alloc(Math.min(SNIFFED, stats.size));
  await file.read(head, 0, head.length, 0);
  const ifRange = headers['if-range'];
  const ranges = ifRange === undefined || ifRange === modified ? parseRanges(headers.range, stats.size) : [];
  if (ranges === 'wrong' || ranges === 'outside') {
    const why = ranges === 'wrong' ? 'invalid range' : 'invalid range: failed to overlap';
    goHttpError(exchange, 416, why, ranges === 'wrong' ? {} : { 'Content-Range': `bytes */${stats.size}` });
    return;
  }
  const type = await contentTypes(name, head);
  const body = bodyParts(ranges, stats.size, type);
  const { response } = exchange;
  response.statusCode = ranges.length === 0 ? 200 : 206;
  const all = { 'Last-Modified': modified, 'Accept-Ranges': 'bytes', ...body.headers, 'Content-Length': lengthOf(body.parts) };
  for (const [key, value] of Object.entries(all)) response.setHeader(key, String(value));
  flushHead(exchange);
  for (const part of body.parts) {
    const sent = typeof part === 'string' ? await writePart(exchange, part) : await sendRange(exchange, file, part, name);
    if (!sent) return;
  }
  response.end();
}

interface Body {
  readonly headers: Readonly<Record<string, string>>;
  /** Text between the ranges, and the ranges. */
  readonly parts: readonly (string | ByteRange)[];
}

/** The whole file, one range of it, or several with a head each (`multipart/byteranges`). */
function bodyParts(ranges: readonly ByteRange[], size: number, type: string): Body {
  const [first, ...more] = ranges;
  if (first === undefined) return { headers: { 'Content-Type': type }, parts: [{ start: 0, end: size }] };
  const shown = ({ start, end }: ByteRange): string => `bytes ${start}-${end - 1}/${size}`;
  if (more.length === 0) return { headers: { 'Content-Type': type, 'Content-Range': shown(first) }, parts: [first] };
  const boundary = randomBytes(BOUNDARY).toString('hex');
  const parts = ranges.flatMap((range, index): (string | ByteRange)[] => [
    `${index === 0 ? '' : '\r\n'}--${boundary}\r\nContent-Range: ${shown(range)}\r\nContent-Type: ${type}\r\n\r\n`,
    range,
  ]);
  return { headers: { 'Content-Type': `multipart/byteranges; boundary=${boundary}` }, parts: [...parts, `\r\n--${boundary}--\r\n`] };
}

function lengthOf(parts: Body['parts']): number {
  return parts.reduce((sum, part) => sum + (typeof part === 'string' ? part.length : part.end - part.start), 0);
}

/** False when the client is gone. A file that grows is sent up to the length that was promised; one that shrank cuts the connection. */
async function sendRange(exchange: Exchange, file: FileHandle, { start, end }: ByteRange, name: string): Promise<boolean> {
  for (let at = start; at < end;) {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, end - at));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) throw new Error(`${name} became shorter while it was sent`);
    at += bytesRead;
    if (!(await writePart(exchange, buffer.subarray(0, bytesRead)))) return false;
  }
  return true;
}
