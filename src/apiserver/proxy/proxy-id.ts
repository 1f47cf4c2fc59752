/** The name in a proxy path: `name`, `name:port` or `scheme:name:port` (apimachinery `util/net/port_split.go`). */
import { badRequest } from '../../api/status.ts';

export interface ProxyId {
  readonly scheme: 'http' | 'https' | '';
  readonly name: string;
  readonly port: string;
}

/** Throws 400 `invalid node request "…"`, the kind being `node`, `pod` or `service`. */
export function parseProxyId(text: string, kind: string): ProxyId {
  const parts = text.split(':');
  const invalid = (): never => {
    throw badRequest(`invalid ${kind} request ${JSON.stringify(text)}`);
  };
  if (parts.length > 3) invalid();
  const [scheme = '', name = '', port = ''] = parts.length === 3 ? parts : ['', ...parts];
  if (name === '' || (scheme !== '' && scheme !== 'http' && scheme !== 'https')) invalid();
  return { scheme: scheme === 'http' || scheme === 'https' ? scheme : '', name, port };
}

/** Whether the API server may go to this address on a user's behalf: never to itself or its link (CVE-2022-3294). */
export function mayProxyTo(address: string): boolean {
  if (address.includes(':')) return !/^(::1?$|fe[89ab]|ff)/i.test(address);
  const [first = 0, second = 0] = address.split('.').map(Number);
  return first !== 0 && first !== 127 && !(first === 169 && second === 254) && first < 224;
}

/** What follows the first `count` segments of a path as sent, with its slash; empty when nothing does. */
export function afterSegments(rawPath: string, count: number): string {
  let at = 0;
  for (let n = 0; n < count; n++) {
    at = rawPath.indexOf('/', at + 1);
    if (at < 0) return '';
  }
  return rawPath.slice(at);
}
