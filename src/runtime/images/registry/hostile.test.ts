/** Registries that break off, lie, stall, send too much, or lead elsewhere. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemHost } from '../../../util/host.ts';
import { silentLogger } from '../../../util/log.ts';
import { TarError } from '../tar.ts';
import { decompressed } from '../decompress.ts';
import { openImageStore } from '../local-image-store.ts';
import type { ImageStore } from '../image-store.ts';
import { imageOf, sha256, type TestImage } from '../testing/registry-process.ts';
import { parseChallenges } from './challenge.ts';
import { credentialOf } from './credential.ts';
import { downloadBlob, type DownloadOptions } from './download.ts';
import { exchange, RegistryError } from './exchange.ts';
import { parseMirrors, registryHosts } from './hosts.ts';
import { readManifest } from './manifest.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on a port of its own that answers by its routes; others are 404. */
async function serve(routes: Record<string, Answer>): Promise<{ host: string; asked: string[]; close(): Promise<void> }> {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    asked.push(`${request.method ?? ''} ${request.url ?? ''} ${request.headers.authorization ?? '-'} ${request.headers.range ?? '-'}`);
    const answer = routes[path];
    if (answer) answer(request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    host: `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const send =
  (body: Buffer, headers: Record<string, string> = {}, status = 200): Answer =>
  (request, response) => {
    response.writeHead(status, { 'content-length': String(body.length), ...headers });
    response.end(request.method === 'HEAD' ? undefined : body);
  };

/** The routes of an image. */
const routesOf = (image: TestImage, path = 'img', tag = '1'): Record<string, Answer> => {
  const manifest = send(image.manifest, { 'content-type': image.mediaType, 'docker-content-digest': sha256(image.manifest) });
  return {
    [`/v2/${path}/manifests/${tag}`]: manifest,
    [`/v2/${path}/manifests/${sha256(image.manifest)}`]: manifest,
    ...Object.fromEntries([image.config, ...image.layers].map((blob) => [`/v2/${path}/blobs/${sha256(blob)}`, send(blob)])),
  };
};

const random = (size: number): string =>
  Array.from({ length: size }, (_, index) => String.fromCharCode(33 + ((index * 7919 + (index >> 5)) % 90))).join('');

describe('a registry', () => {
  let dir: string;
  let store: ImageStore;
  const image = imageOf([[{ path: 'f', content: random(400_000) }]], { compress: (layer) => layer });
  const layer = image.layers[0] ?? Buffer.alloc(0);
  const layerRoute = `/v2/img/blobs/${sha256(layer)}`;
  let servers: { close(): Promise<void> }[] = [];
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'nodelet-hostile-'));
    store = await openImageStore(dir, { host: systemHost, log: silentLogger });
  });
  afterEach(async () => {
    await Promise.all(servers.map((server) => server.close()));
    servers = [];
    rmSync(dir, { recursive: true, force: true });
  });
  const start = async (routes: Record<string, Answer>) => {
    const server = await serve(routes);
    servers.push(server);
    return server;
  };
  const why = async (pull: Promise<unknown>): Promise<string> =>
    pull.then(
      () => 'it was pulled',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );

  it('that breaks off is asked for the rest, from where it broke off', async () => {
    const starts: number[] = [];
    const server = await start({
      ...routesOf(image),
      [layerRoute]: (request, response) => {
        const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
        const part = layer.subarray(from, from + 100_000);
        starts.push(from);
        response.writeHead(from > 0 ? 206 : 200, {
          'content-length': String(layer.length - from),
          'content-range': `bytes ${from}-${layer.length - 1}/${layer.length}`,
        });
        response.write(part, () => (from + part.length < layer.length ? response.destroy() : response.end()));
      },
    });
    expect(await store.pull(`${server.host}/img:1`)).toBe(sha256(image.config));
    expect(starts.length).toBeGreaterThan(3);
    expect(starts).toEqual([...new Set(starts)].toSorted((a, b) => a - b));
  });

  it('that begins again at 0 is taken from there', async () => {
    let count = 0;
    const server = await start({
      ...routesOf(image),
      [layerRoute]: (_request, response) => {
        count += 1;
        response.writeHead(200, { 'content-length': String(layer.length) });
        if (count === 1) response.write(layer.subarray(0, 50_000), () => response.destroy());
        else response.end(layer);
      },
    });
    expect(await store.pull(`${server.host}/img:1`)).toBe(sha256(image.config));
    expect(count).toBe(2);
  });

  it('that was left in the middle is gone on with at the next pull', async () => {
    const stop = new AbortController();
    let first = true;
    const server = await start({
      ...routesOf(image),
      [layerRoute]: (request, response) => {
        if (first) {
          first = false;
          response.writeHead(200, { 'content-length': String(layer.length) });
          response.write(layer.subarray(0, 200_000));
        } else
          send(layer.subarray(200_000), { 'content-range': `bytes 200000-${layer.length - 1}/${layer.length}` }, 206)(request, response);
      },
    });
    const progress = (step: { step: string; received?: number }): void => {
      if (step.received === 200_000) stop.abort();
    };
    expect(await why(store.pull(`${server.host}/img:1`, { signal: stop.signal, progress }))).toMatch(/context canceled$/);
    expect(readdirSync(join(dir, 'trees'))).toEqual([]);
    expect(await store.pull(`${server.host}/img:1`)).toBe(sha256(image.config));
    expect(server.asked.findLast((line) => line.includes(layerRoute))).toMatch(/bytes=200000-$/);
  });

  const bad = Buffer.from(layer);
  bad[1000] = (bad[1000] ?? 0) ^ 1;
  const other = Buffer.from(image.manifest.toString().replace('schemaVersion":2', 'schemaVersion":2,"x":1'));
  it.each<[string, Record<string, Answer>, RegExp]>([
    [
      'sends another layer',
      { [layerRoute]: send(bad) },
      /failed to copy: unexpected commit digest sha256:.*, expected sha256:.*: failed precondition$/,
    ],
    [
      'sends a longer layer',
      { [layerRoute]: send(Buffer.concat([layer, layer])) },
      /failed size validation: \d+ != \d+: failed precondition$/,
    ],
    [
      'has no layer',
      { [layerRoute]: (_request, response) => void response.writeHead(404).end() },
      /failed to copy: httpReadSeeker: failed open: content .*: not found$/,
    ],
    [
      'refuses the layer',
      { [layerRoute]: (_request, response) => void response.writeHead(403).end() },
      /unexpected status from GET request to .*: 403 Forbidden$/,
    ],
    [
      'sends another configuration',
      { [`/v2/img/blobs/${sha256(image.config)}`]: send(Buffer.from('{}')) },
      /failed size validation|unexpected commit digest/,
    ],
    ['sends another manifest', { [`/v2/img/manifests/${sha256(image.manifest)}`]: send(other) }, /unexpected commit digest/],
    [
      'sends a manifest without end',
      {
        [`/v2/img/manifests/${sha256(image.manifest)}`]: (_request, response) => {
          response.writeHead(200);
          const more = (): void => void (response.destroyed || response.write(Buffer.alloc(1 << 20), more));
          more();
        },
      },
      /is larger than 8388608 bytes$/,
    ],
    ['sends no HTTP', { '/v2/img/manifests/1': (request) => void request.socket.end('hello\r\n\r\n') }, /failed to do request: Head/],
    ['hangs up', { '/v2/img/manifests/1': (request) => void request.socket.destroy() }, /failed to do request: Head "http:.*": EOF$/],
    [
      'is broken',
      { '/v2/img/manifests/1': (_request, response) => void response.writeHead(500).end() },
      /unexpected status from HEAD request to .*: 500 Internal Server Error$/,
    ],
    [
      'leads in a circle',
      { '/v2/img/manifests/1': (_request, response) => void response.writeHead(307, { location: '/v2/img/manifests/1' }).end() },
      /stopped after 10 redirects$/,
    ],
    [
      'leads to a file',
      { '/v2/img/manifests/1': (_request, response) => void response.writeHead(307, { location: 'file:///etc/passwd' }).end() },
      /failed to parse Location header/,
    ],
  ])('that %s is refused, and nothing is left of it', async (_what, routes, message) => {
    const server = await start({ ...routesOf(image), ...routes });
    expect(await why(store.pull(`${server.host}/img:1`))).toMatch(message);
    expect(readdirSync(join(dir, 'trees'))).toEqual([]);
    expect(readdirSync(join(dir, 'records'))).toEqual([]);
  });

  it('that says no digest is asked for the whole manifest', async () => {
    const server = await start({ ...routesOf(image), '/v2/img/manifests/1': send(image.manifest, { 'content-type': image.mediaType }) });
    expect(await store.pull(`${server.host}/img:1`)).toBe(sha256(image.config));
  });

  it('whose layers are elsewhere gets the credentials alone', async () => {
    const elsewhere = await start({ '/blob': send(layer) });
    const server = await start({
      ...routesOf(image),
      [layerRoute]: (request, response) => {
        if (request.headers.authorization) response.writeHead(307, { location: `http://${elsewhere.host}/blob` }).end();
        else response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      },
    });
    await store.pull(`${server.host}/img:1`, { auth: { username: 'a', password: 'b' } });
    expect(elsewhere.asked).toEqual(['GET /blob - -']);
    expect(server.asked.filter((line) => line.includes('Basic')).length).toBeGreaterThan(0);
  });

  describe('with a token service', () => {
    const guarded = async (token: Answer, more: Record<string, string> = {}) => {
      const service = await start({ '/token': token });
      const realm = more['realm'] ?? `http://${service.host}/token`;
      const routes = Object.fromEntries(
        Object.entries(routesOf(image)).map(([path, answer]): [string, Answer] => [
          path,
          (request, response) => {
            if (request.headers.authorization === 'Bearer good') answer(request, response);
            else {
              const error = request.headers.authorization ? ',error="insufficient_scope"' : '';
              response
                .writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="reg",scope="repository:img:pull"${error}` })
                .end();
            }
          },
        ]),
      );
      return { service, server: await start(routes) };
    };
    const json = (value: unknown): Answer => send(Buffer.from(JSON.stringify(value)));

    it('is asked once, with the password or without', async () => {
      for (const [auth, expected] of [
        [undefined, '-'],
        [{ username: 'a', password: 'b' }, `Basic ${Buffer.from('a:b').toString('base64')}`],
      ] as const) {
        const { service, server } = await guarded(json({ token: 'good' }));
        expect(await store.pull(`${server.host}/img:1`, { ...(auth && { auth }) })).toBe(sha256(image.config));
        expect(service.asked).toEqual([`GET /token?service=reg&scope=repository%3Aimg%3Apull ${expected} -`]);
      }
    });
    it('takes an identity token in its own way, and a registry token needs no service', async () => {
      const { service, server } = await guarded(json({ access_token: 'good' }));
      await store.pull(`${server.host}/img:1`, { auth: { identityToken: 'refresh' } });
      expect(service.asked).toEqual(['POST /token - -']);
      await store.pull(`${server.host}/img:1`, { auth: { registryToken: 'good' } });
      expect(service.asked.length).toBe(1);
    });
    it.each<[string, Answer, RegExp]>([
      [
        'refuses',
        (_request, response) => void response.writeHead(403).end(),
        /failed to authorize: failed to fetch anonymous token: unexpected status from GET request to .*: 403 Forbidden$/,
      ],
      [
        'is broken',
        (_request, response) => void response.writeHead(500).end(),
        /failed to fetch anonymous token: .*: 500 Internal Server Error$/,
      ],
      ['hangs up', (request) => void request.socket.destroy(), /failed to fetch anonymous token: Get "http:.*": EOF$/],
      ['says no JSON', send(Buffer.from('<html>')), /unable to decode token response/],
      ['says null', json(null), /no token$/],
      ['says no token', json({}), /no token$/],
      ['says a token with line breaks', json({ token: 'a\r\nHost: b' }), /no token$/],
      ['says too much', send(Buffer.alloc(2 << 20, 32)), /is larger than 1048576 bytes$/],
      [
        'gives a token that is no good',
        json({ token: 'bad' }),
        /pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed$/,
      ],
    ])('that %s is why there is no image', async (_what, token, message) => {
      const { server } = await guarded(token);
      expect(await why(store.pull(`${server.host}/img:1`))).toMatch(message);
    });
    it('of another kind of address is not asked', async () => {
      const { server } = await guarded(json({}), { realm: 'file:///etc/passwd' });
      expect(await why(store.pull(`${server.host}/img:1`))).toMatch(/invalid token auth challenge realm/);
    });
  });
});

describe('a blob', () => {
  let dir: string;
  beforeAll(() => (dir = mkdtempSync(join(tmpdir(), 'nodelet-blob-'))));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const content = Buffer.from('content');
  const options = (fetch: DownloadOptions['fetch'], more: Partial<DownloadOptions> = {}): DownloadOptions => ({
    host: systemHost,
    directory: dir,
    fetch,
    progress: () => undefined,
    retryMs: 1,
    ...more,
  });

  it('that stalls is given up after some attempts', async () => {
    const server = await serve({
      '/b': (_request, response) => {
        response.writeHead(200, { 'content-length': '7' });
        response.flushHeaders();
      },
    });
    const started = downloadBlob(
      { digest: sha256(content), size: 7, mediaType: '' },
      options(() => exchange(`http://${server.host}/b`, { method: 'GET' }), { idleMs: 20 }),
    );
    await expect(started).rejects.toThrow(/no data for 0.02 s$/);
    expect(server.asked.length).toBe(5);
    await server.close();
  });
});

describe('what is read from a registry', () => {
  it('are challenges, in whatever order and quoting', () => {
    expect(parseChallenges('Basic realm="a b", Bearer realm="https://x/t",service=reg,scope="a:b:pull,push"')).toEqual([
      { scheme: 'bearer', parameters: { realm: 'https://x/t', service: 'reg', scope: 'a:b:pull,push' } },
      { scheme: 'basic', parameters: { realm: 'a b' } },
    ]);
    expect(parseChallenges('Negotiate, Basic realm="q\\"q"')).toEqual([{ scheme: 'basic', parameters: { realm: 'q"q' } }]);
    fc.assert(fc.property(fc.string({ maxLength: 5000 }), (text) => Array.isArray(parseChallenges(text))));
    const began = performance.now();
    parseChallenges('a '.repeat(1e6));
    parseChallenges(`Basic ${'x="\\'.repeat(1e6)}`);
    expect(performance.now() - began).toBeLessThan(1000);
  });
  it('are manifests, or it is an error of the registry', () => {
    const anything = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .record({ schemaVersion: fc.constantFrom(1, 2), layers: fc.anything(), manifests: fc.anything(), config: fc.anything() })
        .map((v) => JSON.stringify(v) ?? ''),
    );
    fc.assert(
      fc.property(anything, (text) => {
        try {
          readManifest(Buffer.from(text));
        } catch (error) {
          expect(error).toBeInstanceOf(RegistryError);
        }
      }),
    );
    const descriptor = (more: object): object => ({ digest: `sha256:${'a'.repeat(64)}`, size: 1, ...more });
    for (const [manifest, message] of [
      [{ schemaVersion: 1 }, /no longer supported/],
      [{ layers: [], config: {} }, /is not a digest/],
      [{ layers: [], config: descriptor({ size: -1 }) }, /size of/],
      [{ layers: [], config: descriptor({ size: 2 ** 60 }) }, /size of/],
      [{ layers: [], config: descriptor({ digest: 'sha256:../../etc/passwd' }) }, /is not a digest/],
      [{ layers: Array.from({ length: 600 }, () => descriptor({})), config: descriptor({}) }, /more than 512 layers/],
    ] as const)
      expect(() => readManifest(Buffer.from(JSON.stringify(manifest)))).toThrow(message);
  });
  it('is asked of the right servers', () => {
    const settings = { mirrors: parseMirrors(['docker.io=https://m.example/', 'docker.io=http://n:5000']), insecure: ['i.example:5000'] };
    const bases = (domain: string): string[] => registryHosts(domain, settings).map(({ base }) => base);
    expect(bases('docker.io')).toEqual(['https://m.example', 'http://n:5000', 'https://registry-1.docker.io']);
    expect(['quay.io', 'i.example:5000', 'localhost:5000', '127.0.0.1:1', '[::1]:5000', '127.0.0.1.evil'].flatMap(bases)).toEqual([
      'https://quay.io',
      'http://i.example:5000',
      'http://localhost:5000',
      'http://127.0.0.1:1',
      'http://[::1]:5000',
      'https://127.0.0.1.evil',
    ]);
    expect(() => parseMirrors(['docker.io'])).toThrow(/is not a mirror/);
  });
  it('is asked with the credential of its own host alone', () => {
    const auth = { username: 'u', password: 'p' };
    expect(credentialOf({ ...auth, serverAddress: 'https://index.docker.io/v1/' }, 'docker.io').username).toBe('u');
    expect(credentialOf({ ...auth, serverAddress: 'https://r.example' }, 'r.example.evil').username).toBe('');
    expect(credentialOf({ auth: Buffer.from('u:p:q').toString('base64') }, 'x')).toMatchObject({ username: 'u', secret: 'p:q' });
  });
});

describe('compressed data', () => {
  const all = async (data: Buffer): Promise<number> => {
    let size = 0;
    for await (const chunk of decompressed(
      (async function* () {
        yield data;
      })(),
    ))
      size += chunk.length;
    return size;
  };
  it.each([
    ['gzip that is cut off', Buffer.from('1f8b0800000000000003', 'hex')],
    ['gzip that is none', Buffer.from('1f8bffffffffffffffff', 'hex')],
    ['zstd that asks for gigabytes', Buffer.from('28b52ffd0098', 'hex')],
    ['zstd that is none', Buffer.concat([Buffer.from('28b52ffd', 'hex'), Buffer.alloc(40, 7)])],
  ])('%s is refused', async (_what, data) => {
    await expect(all(data)).rejects.toThrow(TarError);
  });
  it('of any shape ends', async () => {
    const magic = fc.constantFrom('', '1f8b08', '28b52ffd', '28b52ffd04');
    await fc.assert(
      fc.asyncProperty(magic, fc.uint8Array({ maxLength: 300 }), async (start, rest) => {
        await all(Buffer.concat([Buffer.from(start, 'hex'), rest])).catch((error: unknown) => expect(error).toBeInstanceOf(TarError));
      }),
      { numRuns: 300 },
    );
  });
});
