import { Agent, get as httpGet } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { get, request as httpsRequest } from 'node:https';
import { connect as connectTls } from 'node:tls';
import { afterAll, describe, expect, it } from 'vitest';
import { BodyTooLargeError, readBody } from './body.ts';
import { startHttpServer } from './http-server.ts';
import type { Exchange, HttpServerHandle, HttpServerOptions } from './http.ts';
import { goHttpError, sendEmpty, sendJson, sendText } from './respond.ts';
import { flushHead, writePart } from './stream-answer.ts';
import { conversation, dial, selfSigned, until } from './testing.ts';
import { asExchange } from './upgrade-exchange.ts';

const running: HttpServerHandle[] = [];
afterAll(async () => {
  await Promise.all(running.map((handle) => handle.close()));
});

async function start(
  handle: HttpServerOptions['handle'],
  more: Partial<HttpServerOptions> = {},
): Promise<HttpServerHandle & { port: number }> {
  const server = await startHttpServer({ host: '127.0.0.1', port: 0, handle, ...more });
  running.push(server);
  return { ...server, port: server.address.port };
}

const echo = (exchange: Exchange): void =>
  sendText(exchange, 200, `${exchange.method} ${exchange.target.path} ${exchange.target.rawQuery}`);
const raw = (port: number, lines: string[]): Promise<string> => conversation(port, `${lines.join('\r\n')}\r\n\r\n`);

interface Answer {
  status: number;
  body: string;
}

function httpsGet(port: number, options: object = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/x', rejectUnauthorized: false, agent: false, ...options }, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += String(chunk))).on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    }).on('error', reject);
  });
}

function http2Get(port: number, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
    session.on('error', reject);
    const stream = session.request({ ':path': '/x', ...headers });
    let [body, status] = ['', 0];
    stream.on('response', (head) => (status = Number(head[':status'])));
    stream.on('data', (chunk) => (body += String(chunk))).on('error', reject);
    stream.on('close', () => {
      session.close();
      resolve({ status, body });
    });
  });
}

describe('answers of the server itself', () => {
  it('sends what Go sends and nothing more', async () => {
    const { port } = await start(echo);
    const answer = await raw(port, ['GET /a%2Fb?c=d HTTP/1.1', 'Host: x', 'Connection: close']);
    expect(answer.replace(/Date: [^\r]+/, 'Date: -')).toBe(
      'HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 12\r\nDate: -\r\nConnection: close\r\n\r\nGET /a/b c=d',
    );
  });

  it('keeps a connection without saying so', async () => {
    const { port } = await start(echo);
    const socket = await dial(port);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => text.includes('GET /1'));
    socket.write('GET /2 HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => text.includes('GET /2'));
    socket.destroy();
    expect(text.toLowerCase()).not.toContain('keep-alive');
  });

  const malformed: [string, string, string][] = [
    ['garbage', 'rubbish\r\n\r\n', '400 Bad Request'],
    ['a target that cannot be unescaped', 'GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n', '400 Bad Request'],
    ['a missing host', 'GET / HTTP/1.1\r\n\r\n', '400 Bad Request: missing required Host header'],
    ['two hosts', 'GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n', '400 Bad Request'],
    ['a host that is none', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', '400 Bad Request: malformed Host header'],
    ['another version', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n', '505 HTTP Version Not Supported: unsupported protocol version'],
    ['another encoding', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', 'Unsupported transfer encoding'],
    [
      'a host that is none, to leave HTTP',
      'GET / HTTP/1.1\r\nHost: a/b\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
      '400 Bad Request: malformed Host header',
    ],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx', '400 Bad Request'],
    [
      'length and chunked at once',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      '400 Bad Request',
    ],
  ];
  it.each(malformed)('answers %s with 400 and closes', async (_name, text, body) => {
    const { port } = await start(echo);
    const status = body.startsWith('Unsupported') ? '501 Not Implemented' : body;
    expect(await conversation(port, text)).toBe(
      `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${body}`,
    );
  });

  it('takes a head of 900 KB and refuses one of 1.1 MB with 431', async () => {
    const { port } = await start(echo);
    const big = (size: number): Promise<string> =>
      raw(port, ['GET /big HTTP/1.1', 'Host: x', 'Connection: close', `X-A: ${'a'.repeat(size)}`]);
    expect(await big(900_000)).toContain('GET /big');
    expect(await big(1_100_000)).toContain('HTTP/1.1 431 Request Header Fields Too Large\r\n');
  });

  it('tells plain HTTP from TLS', async () => {
    const { port } = await start(echo, { tls: { ...selfSigned(), requestClientCert: false } });
    expect(await conversation(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toBe(
      'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n',
    );
  });

  it('survives garbage, silence and a cut connection on the TLS port', async () => {
    const { port } = await start(echo, { tls: { ...selfSigned(), requestClientCert: false } });
    await conversation(port, Buffer.alloc(5_000, 0x41), true);
    await conversation(port, Buffer.from([0x16, 3, 1, 2, 0]), true);
    await conversation(port, '', true);
    expect((await httpsGet(port)).status).toBe(200);
  });

  it('cuts the connection of a handler that throws, and goes on', async () => {
    const errors: unknown[] = [];
    const { port } = await start(
      (exchange) => {
        if (exchange.target.path === '/boom') throw new Error('boom');
        echo(exchange);
      },
      { onError: (error) => errors.push(error) },
    );
    expect(await raw(port, ['GET /boom HTTP/1.1', 'Host: x'])).toBe('');
    expect(errors).toHaveLength(1);
    expect(await raw(port, ['GET /fine HTTP/1.1', 'Host: x', 'Connection: close'])).toContain('200 OK');
  });
});

describe('TLS', () => {
  it('serves HTTP/2, HTTP/1.1 and clients without ALPN on one port', async () => {
    const { port } = await start(echo, { tls: { ...selfSigned(), requestClientCert: true } });
    expect(await http2Get(port)).toEqual({ status: 200, body: 'GET /x ' });
    expect(await httpsGet(port)).toEqual({ status: 200, body: 'GET /x ' });
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.write('GET /y HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await until(() => text.includes('GET /y'));
    expect(socket.alpnProtocol).toBe(false);
  });

  it('hands over a client certificate that it did not verify, on both protocols', async () => {
    const client = selfSigned('alice');
    const { port } = await start(
      (exchange) =>
        sendJson(
          exchange,
          200,
          exchange.peer.certificates.map((der) => Buffer.from(der).toString('base64')),
        ),
      {
        tls: { ...selfSigned(), requestClientCert: true },
      },
    );
    const expected = JSON.stringify([client.cert.replace(/-----[^-]+-----|\s/g, '')]);
    expect((await httpsGet(port, client)).body).toBe(expected);
    const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, ...client });
    let body = '';
    session.request({ ':path': '/' }).on('data', (chunk) => (body += String(chunk)));
    await until(() => body === expected);
    session.close();
    expect((await httpsGet(port)).body).toBe('[]');
  });

  it('shows a new certificate after a reload without dropping connections', async () => {
    const [before, after] = [selfSigned('before'), selfSigned('after')];
    const server = await start(echo, { tls: { ...before, requestClientCert: false } });
    const shown = (): Promise<string> =>
      new Promise((resolve) => {
        const socket = connectTls({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
          resolve(String(socket.getPeerCertificate().subject.CN));
          socket.destroy();
        });
      });
    expect(await shown()).toBe('before');
    const kept = connectTls({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false });
    let text = '';
    kept.on('data', (chunk: Buffer) => (text += chunk.toString()));
    kept.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => text.includes('GET /1'));
    server.reload({ ...after, requestClientCert: false });
    expect(await shown()).toBe('after');
    kept.write('GET /2 HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => text.includes('GET /2'));
    kept.destroy();
  });

  it('lets one slow HTTP/2 session hold many large answers', async () => {
    const { port } = await start((exchange) => sendText(exchange, 200, 'x'.repeat(4 << 20)), {
      tls: { ...selfSigned(), requestClientCert: false },
    });
    const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
    const streams = Array.from({ length: 8 }, () => session.request({ ':path': '/' }));
    let heads = 0;
    for (const stream of streams) stream.on('response', () => (heads += 1));
    await until(() => heads === 8);
    const sizes = await Promise.all(
      streams.map(
        (stream) =>
          new Promise<number>((resolve, reject) => {
            let size = 0;
            stream
              .on('data', (chunk: Buffer) => (size += chunk.length))
              .on('end', () => resolve(size))
              .on('error', reject);
          }),
      ),
    );
    expect(new Set(sizes)).toEqual(new Set([4 << 20]));
    session.close();
  });
});

describe('bodies and answers', () => {
  it('reads a body up to the limit and refuses one byte more, with and without a length', async () => {
    const { port } = await start(async (exchange) => {
      try {
        sendText(exchange, 200, String((await readBody(exchange, 10)).length));
      } catch (error) {
        sendText(exchange, error instanceof BodyTooLargeError ? 413 : 500, String(error));
      }
    });
    const post = (framing: string, body: string): Promise<string> =>
      raw(port, ['POST / HTTP/1.1', 'Host: x', 'Connection: close', framing, '', body]);
    expect(await post('Content-Length: 10', '0123456789')).toContain('200 OK');
    expect(await post('Content-Length: 11', '0123456789a')).toContain('413 ');
    expect(await post('Transfer-Encoding: chunked', 'a\r\n0123456789\r\n0')).toContain('200 OK');
    expect(await post('Transfer-Encoding: chunked', 'b\r\n0123456789a\r\n0')).toContain('413 ');
  });

  it('rejects when the client goes away in its body, and aborts the signal', async () => {
    let seen: unknown;
    let aborted = false;
    const { port } = await start(async (exchange) => {
      exchange.signal.addEventListener('abort', () => (aborted = true));
      seen = await readBody(exchange, 100).catch((error: unknown) => error);
    });
    const socket = await dial(port);
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhalf');
    await until(() => socket.bytesWritten > 0);
    socket.destroy();
    await until(() => seen !== undefined && aborted);
    expect(String(seen)).toContain('unexpected EOF');
  });

  it('does not abort the signal of an answer that went out', async () => {
    let signal: AbortSignal | undefined;
    const { port } = await start((exchange) => {
      signal = exchange.signal;
      echo(exchange);
    });
    await raw(port, ['GET / HTTP/1.1', 'Host: x', 'Connection: close']);
    expect(signal?.aborted).toBe(false);
  });

  const answers: [string, (exchange: Exchange) => void, string, string][] = [
    [
      'goHttpError',
      (e) => goHttpError(e, 404, '404 page not found'),
      'HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nContent-Length: 19',
      '404 page not found\n',
    ],
    [
      'sendJson',
      (e) => sendJson(e, 201, { a: [1] }),
      'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 9',
      '{"a":[1]}',
    ],
    ['sendEmpty', (e) => sendEmpty(e, 200), 'HTTP/1.1 200 OK\r\nContent-Length: 0', ''],
    ['sendEmpty with 204', (e) => sendEmpty(e, 204), 'HTTP/1.1 204 No Content', ''],
  ];
  it.each(answers)('%s writes head and body, and no body for HEAD', async (_name, answer, head, body) => {
    const { port } = await start((exchange) => answer(exchange));
    for (const [method, expected] of [
      ['GET', body],
      ['HEAD', ''],
    ] as const) {
      const text = await raw(port, [`${method} / HTTP/1.1`, 'Host: x', 'Connection: close']);
      expect(text.startsWith(`${head}\r\n`)).toBe(true);
      expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe(expected);
    }
  });

  it('answers HEAD over HTTP/2 without a body', async () => {
    const { port } = await start(echo, { tls: { ...selfSigned(), requestClientCert: false } });
    expect(await http2Get(port, { ':method': 'HEAD' })).toEqual({ status: 200, body: '' });
  });
});

describe('long answers', () => {
  const flow = async (exchange: Exchange, written: { parts: number }): Promise<void> => {
    flushHead(exchange);
    while (await writePart(exchange, 'x'.repeat(16_384))) written.parts += 1;
  };

  it.each(['h1', 'h2'])('stop for a reader that does not read, and end when it goes (%s)', async (protocol) => {
    const written = { parts: 0 };
    let over = false;
    const { port } = await start((exchange) => flow(exchange, written).finally(() => (over = true)), {
      tls: { ...selfSigned(), requestClientCert: false },
    });
    const session = protocol === 'h2' ? connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false }) : null;
    session?.request({ ':path': '/' });
    const socket = session === null ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }) : null;
    socket?.pause().write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => written.parts > 0);
    let last = -1;
    while (last !== written.parts) {
      last = written.parts;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(written.parts).toBeLessThan(1_600);
    session?.destroy();
    socket?.destroy();
    await until(() => over);
  });
});

describe('upgrades', () => {
  it('hands the socket over with the bytes that came behind the head', async () => {
    const { port } = await start(echo, {
      upgrade: (exchange) => void exchange.socket.end(`got ${exchange.head.toString()} ${exchange.target.path}`),
    });
    const text = await raw(port, [
      'POST /up HTTP/1.1',
      'Host: x',
      'Connection: Upgrade',
      'Upgrade: SPDY/3.1',
      'Transfer-Encoding: chunked',
      '',
      '0',
      '',
      'frames',
    ]);
    expect(text).toBe('got frames\r\n\r\n /up');
  });

  it('can be answered as ordinary HTTP', async () => {
    const { port } = await start(echo, { upgrade: (exchange) => sendText(asExchange(exchange), 401, 'Unauthorized') });
    const text = await raw(port, ['GET /up HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket']);
    expect(text).toMatch(/^HTTP\/1.1 401 Unauthorized\r\n[^]*\r\n\r\nUnauthorized$/);
  });

  it('ignores an offer of h2c', async () => {
    const { port } = await start(echo, { upgrade: (exchange) => void exchange.socket.destroy() });
    expect(await raw(port, ['GET /up HTTP/1.1', 'Host: x', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c'])).toContain('GET /up');
  });
});

describe('time and end', () => {
  it('closes an idle connection after the idle timeout', async () => {
    const { port } = await start(echo, { idleTimeoutMs: 50 });
    expect(await raw(port, ['GET / HTTP/1.1', 'Host: x'])).toContain('200 OK');
  });

  it('cuts a client that sends its head byte by byte, or nothing at all', async () => {
    const { port } = await start(echo, { headersTimeoutMs: 60 });
    const [silent, slow] = [await dial(port), await dial(port)];
    for (const socket of [silent, slow]) socket.resume().on('error', () => undefined);
    const drip = setInterval(() => slow.write('a'), 10);
    slow.write('GET / HTTP/1.1\r\nX: ');
    await until(() => silent.closed && slow.closed);
    clearInterval(drip);
    expect(slow.bytesRead).toBe(0);
  });

  it('gives running answers the grace, then cuts', async () => {
    const server = await start((exchange) => {
      void writePart(exchange, 'begun');
      if (exchange.target.path === '/short') exchange.signal.addEventListener('abort', () => undefined);
      setTimeout(() => exchange.target.path === '/short' && exchange.response.end('done'), 30);
    });
    const ask = (path: string): Promise<string> => raw(server.port, [`GET ${path} HTTP/1.1`, 'Host: x']);
    const [short, endless] = [ask('/short'), ask('/endless')];
    const idle = await dial(server.port);
    let begun = 0;
    const agent = new Agent();
    httpGet({ port: server.port, host: '127.0.0.1', path: '/endless', agent }, (r) => r.on('data', () => (begun += 1))).on(
      'error',
      () => undefined,
    );
    await until(() => begun > 0);
    await server.close(200);
    expect(await short).toContain('done');
    expect(await endless).toContain('begun');
    await until(() => idle.closed);
    agent.destroy();
  });

  it('refuses an address that is taken', async () => {
    const { port } = await start(echo);
    await expect(start(echo, { port })).rejects.toThrow('EADDRINUSE');
  });
});

describe('HTTPS requests with a body', () => {
  it('reads them over TLS', async () => {
    const { port } = await start(async (exchange) => sendText(exchange, 200, (await readBody(exchange, 1 << 20)).toString()), {
      tls: { ...selfSigned(), requestClientCert: false },
    });
    const body = 'y'.repeat(300_000);
    const got = await new Promise<number>((resolve, reject) => {
      const request = httpsRequest({ port, host: '127.0.0.1', method: 'POST', rejectUnauthorized: false }, (response) => {
        let size = 0;
        response.on('data', (chunk: Buffer) => (size += chunk.length)).on('end', () => resolve(size));
      });
      request.on('error', reject).end(body);
    });
    expect(got).toBe(body.length);
  });
});

describe('what is asked of the server itself', () => {
  it('answers OPTIONS * and refuses others', async () => {
    const { port } = await start(echo);
    expect(await raw(port, ['OPTIONS * HTTP/1.1', 'Host: x', 'Connection: close'])).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Length: 0\r\n/);
    expect(await raw(port, ['GET * HTTP/1.1', 'Host: x'])).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nContent-Length: 0\r\n/);
  });

  it('treats CONNECT as any method, and closes', async () => {
    const { port } = await start(echo);
    expect(await raw(port, ['CONNECT /x HTTP/1.1', 'Host: x'])).toContain('CONNECT /x');
    expect(await raw(port, ['CONNECT a.example:443 HTTP/1.1', 'Host: x'])).toContain('CONNECT /');
  });

  it('expects nothing but 100-continue', async () => {
    const { port } = await start(echo);
    expect(await raw(port, ['GET / HTTP/1.1', 'Host: x', 'Expect: more'])).toMatch(
      /^HTTP\/1\.1 417 Expectation Failed\r\nContent-Length: 0\r\n/,
    );
  });
});
