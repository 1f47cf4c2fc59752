import type { Exchange } from '../../net/http.ts';
import { sendEmpty, sendText } from '../../net/respond.ts';

const NAMES = { 302: 'Found', 307: 'Temporary Redirect' } as const;

/** Go's `http.Redirect`: GET and HEAD get a link as the body. */
export function redirect(exchange: Exchange, location: string, status: keyof typeof NAMES = 307): void {
  if (exchange.method !== 'GET' && exchange.method !== 'HEAD') {
    sendEmpty(exchange, status, { Location: location });
    return;
  }
  const headers = { 'Content-Type': 'text/html; charset=utf-8', Location: location };
  sendText(exchange, status, `<a href="${htmlEscape(location)}">${NAMES[status]}</a>.\n\n`, headers);
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };

/** Go's `html.EscapeString`. */
export function htmlEscape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}
