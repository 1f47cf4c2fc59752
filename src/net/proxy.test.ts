import { connect as connectHttp2 } from 'node:http2';
import { get, request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, describe, expect, it } from 'vitest';
import { readBody } from './body.ts';
import { startHttpServer } from './http-server.ts';
import type { Exchange, HttpServerHandle, HttpServerOptions } from './http.ts';
import { BackendError, proxyRequest, proxyUpgrade, type ProxyOptions, type ProxyTarget } from './proxy.ts';
import { goHttpError, sendEmpty, sendJson, sendText } from './respond.ts';
import { writePart } from './stream-answer.ts';
import { collect, conversation, dial, selfSigned, until } from './testing.ts';

const running: HttpServerHandle[] = [];
afterAll(async () => {
  await Promise.all(running.map((handle) => handle.close()));
});

async function start(options: Partial<HttpServerOptions>): Promise<number> {
  const handle = (exchange: Exchange): void => sendText(exchange, 404, 'no');
  const server = await startHttpServer({ host: '127.0.0.1', port: 0, handle, ...options });
  running.push(server);
  return server.address.port;
}

/** A server in front of a backend; refusals of the backend become 502 with the error's text. */
function front(
  backend: number,
  more: Partial<HttpServerOptions> & { target?: Partial<ProxyTarget>; proxy?: ProxyOptions; scheme?: string } = {},
): Promise<number> {
  const target = (url: string): ProxyTarget => ({ url: `${more.scheme ?? 'http'}://127.0.0.1:${backend}${url}`, ...more.target });
  const fail = (exchange: Exchange, error: unknown): void => {
    if (!(error instanceof BackendError)) throw error;
    sendText(exchange, 502, `${error.kind}: ${error.message}`);
  };
  return start({
    handle: (exchange) =>
      proxyRequest(exchange, target(exchange.request.url ?? ''), more.proxy).catch((error: unknown) => fail(exchange, error)),
    ...(more.tls && { tls: more.tls }),
  });
}

const show = async (exchange: Exchange): Promise<void> => {
  const body = (await readBody(exchange, 1 << 24)).toString();
  sendJson(exchange, 200, {
    method: exchange.method,
    url: exchange.request.url,
    headers: exchange.request.headers,
    body: body.length > 100 ? body.length : body,
  });
};

const ask = (port: number, lines: string[]): Promise<string> =>
  conversation(port, [...lines, 'Host: outer', 'Connection: close', '', ''].join('\r\n'));
const bodyText = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a proxied request', () => {
  it('keeps method, path, query, host and body, and drops hop-by-hop headers and credentials', async () => {
    const port = await front(await start({ handle: show }), { target: { headers: { 'X-Own': 'yes' } } });
    const lines = [
      'POST /a/../b%2Fc?x=1&y= HTTP/1.1',
      'Content-Length: 0',
      'Authorization: Bearer t',
      'Impersonate-User: x',
      'X-Remote-User: y',
      'TE: trailers',
    ];
    const answer = JSON.parse(
      bodyText(await ask(port, [...lines, 'X-Forwarded-For: 1.2.3.4', 'X-Own: no', 'Cookie: c=1', 'Proxy-Authorization: z'])),
    ) as Record<string, unknown>;
    expect(answer).toMatchObject({ method: 'POST', url: '/a/../b%2Fc?x=1&y=' });
    expect(answer['headers']).toEqual({
      host: 'outer',
      'content-length': '0',
      'x-forwarded-for': '1.2.3.4, 127.0.0.1',
      'x-own': 'yes',
      cookie: 'c=1',
      connection: 'close',
    });
  });

  it('streams a large body both ways', async () => {
    const port = await front(await start({ handle: show }));
    const body = 'b'.repeat(3 << 20);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      httpRequest({ port, host: '127.0.0.1', method: 'PUT', path: '/big' }, resolve).on('error', reject).end(body);
    });
    expect(JSON.parse((await collect(answer)).toString())).toMatchObject({ method: 'PUT', body: body.length });
  });

  it('serves HTTP/2 clients from a TLS backend', async () => {
    const [inner, outer] = [selfSigned(), selfSigned()];
    const backend = await start({ handle: show, tls: { ...inner, requestClientCert: true } });
    const port = await front(backend, {
      scheme: 'https',
      target: { tls: { ca: inner.cert } },
      tls: { ...outer, requestClientCert: false },
    });
    const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
    const stream = session.request({ ':method': 'POST', ':path': '/h2' });
    stream.end('hello');
    expect(JSON.parse((await collect(stream)).toString())).toMatchObject({
      method: 'POST',
      body: 'hello',
      headers: { host: `127.0.0.1:${port}` },
    });
    session.close();
  });

  it('passes status and headers on, and lets them be rewritten', async () => {
    const backend = await start({
      handle: (exchange) => goHttpError(exchange, 403, 'no', { Location: '/x', 'Set-Cookie': ['a=1', 'b=2'] }),
    });
    const port = await front(backend, {
      proxy: { rewrite: (answer) => ({ ...answer, headers: { ...answer.headers, Location: '/prefix/x' } }) },
    });
    const answer = await ask(port, ['GET / HTTP/1.1']);
    expect(answer).toContain('HTTP/1.1 403 Forbidden\r\n');
    expect(answer).toContain('Location: /prefix/x\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n');
    expect(bodyText(answer)).toBe('no\n');
  });

  it('passes HEAD, 204 and 304 without a body', async () => {
    const backend = await start({
      handle: (exchange) =>
        exchange.target.path === '/204'
          ? sendEmpty(exchange, 204)
          : exchange.target.path === '/304'
            ? sendEmpty(exchange, 304)
            : sendText(exchange, 200, 'body'),
    });
    const port = await front(backend);
    expect(await ask(port, ['HEAD / HTTP/1.1'])).toMatch(/Content-Length: 4\r\n[^]*\r\n\r\n$/);
    expect(await ask(port, ['GET /204 HTTP/1.1'])).toMatch(/^HTTP\/1.1 204 [^]*\r\n\r\n$/);
    expect(await ask(port, ['GET /304 HTTP/1.1'])).toMatch(/^HTTP\/1.1 304 [^]*\r\n\r\n$/);
  });

  it('tells a backend that is down, unknown or not to be trusted', async () => {
    expect(bodyText(await ask(await front(1), ['GET / HTTP/1.1']))).toBe('dial: dial tcp 127.0.0.1:1: connect: connection refused');
    const silent = await start({ handle: (exchange) => void exchange.request.socket?.destroy() });
    expect(bodyText(await ask(await front(silent), ['GET / HTTP/1.1']))).toBe('dial: EOF');
    const tls = await start({ handle: show, tls: { ...selfSigned(), requestClientCert: false } });
    expect(bodyText(await ask(await front(tls, { scheme: 'https' }), ['GET / HTTP/1.1']))).toMatch(
      /^dial: tls: failed to verify certificate: x509: /,
    );
  });

  it('cuts the client off when the backend breaks in the middle', async () => {
    const backend = await start({
      handle: async (exchange) => {
        await writePart(exchange, 'begin');
        exchange.request.socket?.destroy();
      },
    });
    const answer = await ask(await front(backend), ['GET / HTTP/1.1']);
    expect(answer).toContain('begin');
    expect(answer).not.toMatch(/\r\n0\r\n\r\n$/);
  });

  it('leaves the backend when the client leaves, and does not read ahead of it', async () => {
    let [parts, over] = [0, false];
    const backend = await start({
      handle: async (exchange) => {
        while (await writePart(exchange, 'x'.repeat(65_536))) parts += 1;
        over = true;
      },
    });
    const socket = await dial(await front(backend));
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.pause();
    await until(() => parts > 0);
    for (let last = -1; last !== parts; await pause(60)) last = parts;
    expect(parts).toBeLessThan(400);
    socket.destroy();
    await until(() => over);
  });

  it('sends a watch on line by line', async () => {
    let next: () => void = () => undefined;
    const backend = await start({
      handle: async (exchange) => {
        await writePart(exchange, 'one\n');
        await new Promise<void>((resolve) => (next = resolve));
        exchange.response.end('two\n');
      },
    });
    const port = await front(backend);
    let text = '';
    const over = new Promise((resolve) => {
      get({ port, host: '127.0.0.1' }, (response) => response.on('data', (chunk) => (text += String(chunk))).on('end', resolve));
    });
    await until(() => text === 'one\n');
    next();
    await over;
    expect(text).toBe('one\ntwo\n');
  });
});

describe('a proxied upgrade', () => {
  const through = async (backend: number): Promise<number> =>
    start({
      upgrade: (upgrade) =>
        proxyUpgrade(upgrade, { url: `http://127.0.0.1:${backend}${upgrade.request.url}` }).catch((error: unknown) => {
          upgrade.socket.end(`HTTP/1.1 500 x\r\n\r\n${String(error)}`);
        }),
    });
  const request =
    'POST /exec?a=b HTTP/1.1\r\nHost: outer\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4\r\nX-Stream-Protocol-Version: v3\r\nAuthorization: secret\r\n\r\n';

  it('is spliced byte by byte, with what came early on either side', async () => {
    let seen: string[] = [];
    const backend = await start({
      upgrade: ({ request: { rawHeaders }, socket, head }) => {
        seen = [...rawHeaders];
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: odd\r\nConnection: Upgrade\r\n\r\nearly ');
        if (head.length > 0) socket.unshift(head);
        socket.on('data', (chunk: Buffer) => (chunk.includes('!') ? socket.end(chunk) : socket.write(chunk)));
      },
    });
    const answer = await conversation(await through(backend), `${request}early too `.concat('and late!'));
    expect(answer).toBe('HTTP/1.1 101 Switching Protocols\r\nUpgrade: odd\r\nConnection: Upgrade\r\n\r\nearly early too and late!');
    expect(seen.filter((text) => /^(v\d|Upgrade|SPDY.*|outer|127.*|secret)$/.test(text))).toEqual([
      'outer',
      'Upgrade',
      'Upgrade',
      'SPDY/3.1',
      'v4',
      'v3',
      '127.0.0.1',
    ]);
  });

  it('relays a refusal as it is and closes', async () => {
    const backend = await start({ handle: (exchange) => goHttpError(exchange, 403, 'unable to upgrade') });
    expect(await conversation(await through(backend), request)).toMatch(/^HTTP\/1.1 403 Forbidden\r\n[^]*\r\n\r\nunable to upgrade\n$/);
  });

  it('neither follows nor relays anything else', async () => {
    const backend = await start({ handle: (exchange) => sendEmpty(exchange, 302, { Location: 'http://elsewhere/' }) });
    expect(await conversation(await through(backend), request)).toContain('invalid upgrade response: status code 302');
    expect(await conversation(await through(1), request)).toContain('dial tcp 127.0.0.1:1: connect: connection refused');
  });

  it('hangs up on the backend when the client vanishes', async () => {
    let gone = false;
    const backend = await start({
      upgrade: ({ socket }) => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n');
        socket.resume().on('close', () => (gone = true));
        socket.on('end', () => socket.end());
      },
    });
    const socket = await dial(await through(backend));
    socket.write(request);
    await until(() => socket.bytesRead > 0);
    socket.resetAndDestroy();
    await until(() => gone);
  });
});
