/** Keeps a backend's own addresses below the path under which clients reach it (apimachinery `util/proxy/transport.go`). */

export interface PublicPlace {
  /** The path of the request up to and including `proxy`. */
  readonly prefix: string;
  /** The backend as `host:port`, and the Host that the client asked for: both mean the backend itself. */
  readonly backendHost: string;
  readonly requestHost: string;
}

/** `http://host/path` in its parts; undefined when it has another scheme, or none but colons. */
const ABSOLUTE = /^(?:([a-z][a-z0-9+.-]*):)?\/\/([^/?#]*)([^]*)$/i;

/**
 * A URL that a backend wrote, as clients must write it: paths from the root move below the prefix, once; relative ones and
 * those of other hosts stay.
 */
export function publicUrl(url: string, { prefix, backendHost, requestHost }: PublicPlace): string {
  const [, scheme = '', host = '', rest = ''] = ABSOLUTE.exec(url) ?? ['', '', '', url];
  if (host !== '' && host !== backendHost && host !== requestHost) return url;
  if (!rest.startsWith('/')) return url;
  const end = rest.search(/[?#]/);
  const path = end < 0 ? rest : rest.slice(0, end);
  const tail = end < 0 ? '' : rest.slice(end);
  // What names the client's own way in stays whole; the backend's inner address is nobody's business.
  const origin = host !== '' && host === requestHost ? `${scheme === '' ? '' : `${scheme}:`}//${host}` : '';
  return `${origin}${path.startsWith(prefix) ? path : prefix.replace(/\/$/, '') + cleanPath(path)}${tail}`;
}

/** Dot segments fold and cannot climb above the root; the escapes of the path stay as they were sent. */
export function cleanPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/').slice(1)) {
    const plain = segment.replaceAll(/%2e/gi, '.');
    if (plain === '..') kept.pop();
    else if (plain !== '.' && segment !== '') kept.push(segment);
  }
  const clean = `/${kept.join('/')}`;
  return path.endsWith('/') && clean !== '/' ? `${clean}/` : clean;
}
