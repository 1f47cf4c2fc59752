/** Warning headers (apimachinery `pkg/util/net/http.go` NewWarningHeader). */
import type { Exchange } from '../../net/http.ts';

/** Bytes of all warnings of an answer; later ones are dropped. */
const MAX_TOTAL = 4 * 1024;

/** Collects warnings of one request. They are on the response as soon as they are given. */
export function warningCollector(exchange: Exchange): (text: string) => void {
  const given: string[] = [];
  let total = 0;
  return (text) => {
    const quoted = `299 - "${printable(text).replace(/[\\"]/g, '\\$&')}"`;
    if (given.includes(quoted) || total + quoted.length > MAX_TOTAL || exchange.response.headersSent) return;
    total += quoted.length;
    given.push(quoted);
    exchange.response.setHeader('Warning', given);
  };
}

/** A header can hold neither control characters nor, in Node, anything beyond Latin-1. */
function printable(text: string): string {
  return Buffer.from(text.replace(/\p{Cc}/gu, ' '), 'utf8').toString('latin1');
}
