import type { Exchange } from '../../net/http.ts';
import { sendEmpty, sendText } from '../../net/respond.ts';

/** Go's `http.Redirect` with 307: GET and HEAD get a link as the body. */
export function redirect(exchange: Exchange, location: string): void {
  if (exchange.method !== 'GET' && exchange.method !== 'HEAD') {
    sendEmpty(exchange, 307, { Location: location });
    return;
  }
  const headers = { 'Content-Type': 'text/html; charset=utf-8', Location: location };
  sendText(exchange, 307, `<a href="${htmlEscape(location)}">Temporary Redirect</a>.\n\n`, headers);
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };

/** Go's `html.EscapeString`. */
export function htmlEscape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}
