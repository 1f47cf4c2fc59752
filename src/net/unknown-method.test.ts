import { afterAll, describe, expect, it } from 'vitest';
import { startHttpServer } from './http-server.ts';
import type { HttpServerHandle } from './http.ts';
import { sendText } from './respond.ts';
import { conversation } from './testing.ts';

const running: HttpServerHandle[] = [];
afterAll(async () => {
  await Promise.all(running.map((server) => server.close()));
});

async function start(): Promise<number> {
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    handle: (exchange) => {
      const { host, authorization } = exchange.request.headers;
      sendText(exchange, 200, `${exchange.method} ${exchange.target.path} ${exchange.target.rawQuery} ${host} ${authorization}`);
    },
  });
  running.push(server);
  return server.address.port;
}

const ask = (port: number, lines: string[]): Promise<string> => conversation(port, `${lines.join('\r\n')}\r\n\r\n`);

describe('a method that Node does not know', () => {
  it('reaches the handler with its headers, and the connection closes', async () => {
    const answer = await ask(await start(), ['FOO /a?b=1 HTTP/1.1', 'Host: x', 'Authorization: Bearer t']);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toContain('Connection: close');
    expect(answer.endsWith('FOO /a b=1 x Bearer t')).toBe(true);
  });

  it('still needs a Host, as any request of HTTP/1.1', async () => {
    expect(await ask(await start(), ['FOO /a HTTP/1.1'])).toContain('400 Bad Request: missing required Host header');
  });

  it.each([
    ['a method that is no word', ['F(O /a HTTP/1.1', 'Host: x']],
    ['a version that is none', ['FOO /a HTTP/9', 'Host: x']],
    ['a header that is none', ['FOO /a HTTP/1.1', 'Host: x', 'nonsense']],
    ['a folded header', ['FOO /a HTTP/1.1', 'Host: x', ' y']],
    ['a target that is no path', ['FOO a HTTP/1.1', 'Host: x']],
  ])('is refused with %s', async (_what, lines) => {
    expect(await ask(await start(), lines)).toMatch(/^HTTP\/1\.1 400 Bad Request/);
  });

  it('is refused behind another request, whose answer stands', async () => {
    const answer = await ask(await start(), ['GET /first HTTP/1.1', 'Host: x', '', 'FOO /second HTTP/1.1', 'Host: x']);
    expect(answer).not.toContain('FOO /second');
  });
});
