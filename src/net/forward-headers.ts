import type { IncomingMessage } from 'node:http';
import type { HeaderLines } from './backend.ts';
import type { HttpRequest } from './http.ts';

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);
/** Who the client is has been settled before it is proxied: backends never see its credentials. */
const CREDENTIALS = /^(authorization|impersonate-.*|x-remote-.*)$/;

/** The client's headers for the backend of an ordinary request, with its address appended to X-Forwarded-For. */
export function requestHeaders(request: HttpRequest, address: string): HeaderLines {
  const named = new Set((request.headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  const lines = collect(
    request.rawHeaders,
    (name) => !HOP_BY_HOP.has(name) && !named.has(name) && !CREDENTIALS.test(name) && name !== 'expect',
  );
  if (request.httpVersionMajor >= 2 && request.headers[':authority'] !== undefined) lines['Host'] = String(request.headers[':authority']);
  return forwardedFor(lines, address);
}

/** The client's headers for the backend of an upgrade: hop-by-hop ones stay, they carry the handshake. */
export function upgradeHeaders(request: IncomingMessage, address: string, drop: RegExp = /^$/): HeaderLines {
  return forwardedFor(
    collect(request.rawHeaders, (name) => !CREDENTIALS.test(name) && !drop.test(name)),
    address,
  );
}

/** A backend's headers for the client. */
export function responseHeaders(response: IncomingMessage): HeaderLines {
  const named = new Set((response.headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  return collect(response.rawHeaders, (name) => !HOP_BY_HOP.has(name) && !named.has(name));
}

/** Header lines by name as it was first written; repeated lines stay repeated. */
function collect(rawHeaders: readonly string[], keep: (name: string) => boolean): HeaderLines {
  const names = new Map<string, string>();
  const lines: HeaderLines = {};
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = [rawHeaders[index], rawHeaders[index + 1]];
    const key = name.toLowerCase();
    if (name.startsWith(':') || !keep(key)) continue;
    const first = names.get(key);
    if (first === undefined) {
      names.set(key, name);
      lines[name] = value;
    } else {
      const before = lines[first];
      lines[first] = Array.isArray(before) ? [...before, value] : [before ?? '', value];
    }
  }
  return lines;
}

function forwardedFor(lines: HeaderLines, address: string): HeaderLines {
  const name = Object.keys(lines).find((key) => key.toLowerCase() === 'x-forwarded-for') ?? 'X-Forwarded-For';
  const before = lines[name];
  return { ...lines, [name]: before === undefined ? address : [before, address].flat().join(', ') };
}
