/** Takes credentials out of a request once they have been read, so that no handler or backend sees them. */
import { withoutWebSocketToken } from '../../auth/bearer.ts';
import type { HttpRequest } from '../../net/http.ts';

const SECRET = /^(authorization|impersonate-.*|x-remote-(user|uid|group|extra-.*))$/;

/** Deletes the headers that say who asks, from both forms in which a request carries them. */
export function dropCredentials(request: HttpRequest): void {
  const { headers, rawHeaders } = request;
  const protocols = headers['sec-websocket-protocol'];
  for (const name of Object.keys(headers)) if (SECRET.test(name)) delete headers[name];
  if (protocols !== undefined) headers['sec-websocket-protocol'] = withoutWebSocketToken(protocols);
  for (let i = rawHeaders.length - 2; i >= 0; i -= 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    if (SECRET.test(name)) rawHeaders.splice(i, 2);
    else if (name === 'sec-websocket-protocol') rawHeaders[i + 1] = withoutWebSocketToken(rawHeaders[i + 1] ?? '');
  }
}
