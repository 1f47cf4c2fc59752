import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultKubeletConfiguration } from '../config.ts';
import { buildMux, matchPath, matchRoute } from './mux.ts';
import type { Route } from './route.ts';
import { routes } from './routes.ts';
import type { KubeletServerHandle } from './server.ts';
import { ask, podUid, startTestServer } from './testing.ts';

/** Recorded of v1.36.3: a path, the subresources that its 403 names, the methods that its service routes, and what admin's GET answers. */
const GRANTED = { GET: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete', HEAD: '', OPTIONS: '' } as const;
type Method = keyof typeof GRANTED;

interface Row {
  readonly path: string;
  readonly subresources: string;
  /** Absent: every method reaches the handler. */
  readonly allow?: string;
  readonly get: number;
}

const rows: readonly Row[] = [
  { path: '/healthz', subresources: 'healthz proxy', get: 200 },
  { path: '/healthz/ping', subresources: 'healthz proxy', get: 200 },
  { path: '/healthz/log', subresources: 'healthz proxy', get: 200 },
  { path: '/healthz/syncloop', subresources: 'healthz proxy', get: 200 },
  { path: '/healthz/device-plugin', subresources: 'healthz proxy', get: 200 },
  { path: '/pods', subresources: 'pods proxy', allow: 'GET', get: 200 },
  { path: '/pods/', subresources: 'pods proxy', allow: 'GET', get: 200 },
  { path: '/runningpods/', subresources: 'pods proxy', allow: 'GET', get: 200 },
  { path: '/metrics', subresources: 'metrics', get: 200 },
  { path: '/metrics/cadvisor', subresources: 'metrics', get: 500 },
  { path: '/metrics/resource', subresources: 'metrics', get: 500 },
  { path: '/metrics/probes', subresources: 'metrics', get: 500 },
  { path: '/metrics/slis', subresources: 'metrics', get: 200 },
  { path: '/stats/summary', subresources: 'stats', allow: 'GET, POST', get: 500 },
  { path: '/configz', subresources: 'configz proxy', get: 200 },
  { path: '/logs/', subresources: 'log', allow: 'GET', get: 200 },
  { path: '/logs/nope', subresources: 'log', allow: 'GET', get: 404 },
  { path: '/containerLogs/web/nope/x', subresources: 'proxy', allow: 'GET', get: 404 },
  { path: '/run/web/logger/main?cmd=hello', subresources: 'proxy', allow: 'POST', get: 405 },
  { path: `/run/web/logger/${podUid}/main?cmd=hello`, subresources: 'proxy', allow: 'POST', get: 405 },
  { path: '/exec/web/logger/main?command=id&output=1', subresources: 'proxy', allow: 'GET, POST', get: 500 },
  { path: `/exec/web/logger/${podUid}/main?command=id&output=1`, subresources: 'proxy', allow: 'GET, POST', get: 500 },
  { path: '/attach/web/logger/main?output=1', subresources: 'proxy', allow: 'GET, POST', get: 500 },
  { path: `/attach/web/logger/${podUid}/main?output=1`, subresources: 'proxy', allow: 'GET, POST', get: 500 },
  { path: '/portForward/web/logger', subresources: 'proxy', allow: 'GET, POST', get: 500 },
  { path: `/portForward/web/logger/${podUid}`, subresources: 'proxy', allow: 'GET, POST', get: 500 },
  { path: '/checkpoint/web/nope/x', subresources: 'checkpoint', allow: 'POST', get: 405 },
  { path: '/debug/pprof/cmdline', subresources: 'proxy', allow: 'GET', get: 200 },
  { path: '/debug/flags/v', subresources: 'proxy', get: 406 },
  { path: '/statusz', subresources: 'statusz', get: 200 },
  { path: '/flagz', subresources: 'configz', get: 200 },
];

const grants = ['metrics', 'stats', 'pods', 'healthz', 'proxy', 'log', 'configz', 'statusz', 'checkpoint', 'nothing'];
const methods = Object.keys(GRANTED) as Method[];

const logDir = mkdtempSync(join(tmpdir(), 'kubelet-server-'));
let server: KubeletServerHandle;
let port: number;
beforeAll(async () => {
  server = await startTestServer({ readOnlyPort: 0 }, { systemLogDir: logDir });
  port = server.addresses.secure?.port ?? 0;
});
afterAll(async () => {
  await server.close();
  rmSync(logDir, { recursive: true });
});

describe('the rows above', () => {
  it('are every route of the table, each with the methods and subresources that the table has', () => {
    const beyond = (route: Route): boolean =>
      route.switches.some(({ setting }) => setting === 'legacyEndpoints' || setting === 'apiExtensions');
    const config = defaultKubeletConfiguration();
    const mux = buildMux(routes, 'secure', config);
    const seen = new Set<Route>();
    for (const { path, subresources, allow } of rows) {
      const bare = path.split('?')[0] ?? '';
      const match = matchPath(mux, bare, '');
      if (match.kind !== 'found' || match.registration.kind === 'disabled') throw new Error(`${path} is not served`);
      expect(match.registration.subresources.join(' ')).toBe(subresources);
      if (match.registration.kind === 'handler') seen.add(match.registration.route);
      else {
        const method = allow?.split(', ')[0] ?? 'GET';
        const route = matchRoute(match.registration.routes, { method, path: bare, accept: undefined });
        if (route.kind !== 'route') throw new Error(`${path} has no route`);
        expect(route.route.methods.join(', ')).toBe(allow);
        seen.add(route.route);
      }
    }
    const missing = routes.filter((route) => !beyond(route) && !seen.has(route));
    expect(missing.map((route) => (route.registration === 'exact' ? route.path : route.root + route.path))).toEqual([]);
  });
});

describe('access to every route', () => {
  for (const { path, subresources, allow, get } of rows) {
    it(`${path} asks for [${subresources}], whoever comes with whichever method`, async () => {
      for (const method of methods) {
        const forbidden = `(verb=${GRANTED[method]}, resource=nodes, subresource(s)=[${subresources}])\n`;
        const anonymous = await ask(port, path, { method });
        expect([method, anonymous.status]).toEqual([method, 403]);
        if (method !== 'HEAD') expect(anonymous.body).toBe(`Forbidden (user=system:anonymous, ${forbidden.slice(1)}`);
        const bad = await ask(port, path, { method, token: 'bad' });
        expect([method, bad.status, method === 'HEAD' ? '' : bad.body]).toEqual([method, 401, method === 'HEAD' ? '' : 'Unauthorized']);
        const away = await ask(port, path, { method, token: 'user:error' });
        expect([method, away.status]).toEqual([method, 500]);
      }
      for (const grant of grants) {
        const { status } = await ask(port, path, { token: `user:${grant}` });
        expect([grant, status]).toEqual([grant, subresources.split(' ').includes(grant) ? get : 403]);
      }
    });

    it(`${path} routes ${allow ?? 'every method'} for an administrator`, async () => {
      for (const method of methods) {
        const answer = await ask(port, path, { method, token: 'admin:*', ...(method === 'POST' && { body: '' }) });
        const routed = allow === undefined || allow.split(', ').includes(method);
        expect([method, answer.status === 405, answer.headers['allow']]).toEqual([method, !routed, routed ? undefined : allow]);
        if (!routed && method !== 'HEAD') expect(answer.body).toBe('405: Method Not Allowed');
      }
    });
  }

  it('says which subresource an error was about', async () => {
    const { body } = await ask(port, '/pods', { token: 'user:error' });
    expect(body).toBe('Authorization error (user=user, verb=get, resource=nodes, subresource=pods)');
  });
});

describe('paths before authentication', () => {
  const unknown = [
    '/',
    '/foo',
    '/healthz/',
    '/healthz/nope',
    '/livez',
    '/version',
    '/metrics/',
    '/metrics/nope',
    '/metrics/resource/v1alpha1',
    '/spec/',
    '/configz/',
    '/cri/',
    '/openapi/v2',
    '/POD',
    '/statusz/',
  ];
  for (const path of unknown) {
    it(`${path} is unknown, with and without credentials`, async () => {
      for (const token of [undefined, 'bad', 'admin:*']) {
        const answer = await ask(port, path, token === undefined ? {} : { token });
        expect(answer.status).toBe(404);
        expect(answer.body).toBe('404 page not found\n');
        expect(answer.headers['x-content-type-options']).toBe('nosniff');
      }
    });
  }

  const redirects: [string, string][] = [
    ['/runningpods', '/runningpods/'],
    ['/stats', '/stats/'],
    ['/logs', '/logs/'],
    ['/logs?a=b', '/logs/?a=b'],
    ['/checkpoint', '/checkpoint/'],
    ['/debug/pprof', '/debug/pprof/'],
    ['//pods', '/pods'],
    ['/pods/../metrics', '/metrics'],
    ['/logs/../../etc/passwd', '/etc/passwd'],
    ['//p%20d/%2f?a=%20', '/p%2520d/%252f?a=%20'],
    ['//"<>', '/%2522%253C%253E'],
  ];
  for (const [path, location] of redirects) {
    it(`${path} leads to ${location}`, async () => {
      const answer = await ask(port, path);
      expect([answer.status, answer.headers.location]).toEqual([307, location]);
      expect(answer.body).toBe(`<a href="${location}">Temporary Redirect</a>.\n\n`);
      const posted = await ask(port, path, { method: 'POST' });
      expect([posted.status, posted.body]).toEqual([307, '']);
    });
  }

  it('escapes what it repeats in a redirect', async () => {
    const { body } = await ask(port, '/logs?<script>"');
    expect(body).toBe('<a href="/logs/?&lt;script&gt;&#34;">Temporary Redirect</a>.\n\n');
  });

  it('knows a path however its letters are escaped', async () => {
    expect((await ask(port, '/%70ods', { token: 'user:pods' })).status).toBe(200);
  });
});

describe('the router of a service', () => {
  const token = 'admin:*';
  for (const path of [
    '/pods/x',
    '/exec',
    '/exec/',
    '/exec/web/logger',
    '/exec/a/b/c/d/e',
    '/run',
    '/containerLogs',
    '/containerLogs/web/logger',
    '/stats/',
    '/stats/container',
    '/debug/pprof/',
    '/checkpoint/',
  ])
    it(`${path} has no route`, async () => {
      const answer = await ask(port, path, { token });
      expect([answer.status, answer.body, answer.headers['x-content-type-options']]).toEqual([404, '404: Page Not Found', undefined]);
    });

  const accepts: [string, string, number][] = [
    ['/pods', 'application/json', 200],
    ['/pods', 'text/html, application/json;q=0.1', 200],
    ['/pods', '*/*', 200],
    ['/pods', 'application/*', 406],
    ['/pods', 'text/plain', 406],
    ['/containerLogs/web/nope/x', 'text/plain', 406],
    ['/containerLogs/web/nope/x', 'text/plain, */*', 404],
    ['/configz', 'text/plain', 200],
    ['/pods', '', 200],
  ];
  for (const [path, accept, status] of accepts)
    it(`${path} with Accept ${accept} is ${status}`, async () => {
      const answer = await ask(port, path, { token, headers: { accept } });
      expect(answer.status).toBe(status);
      const types = path === '/pods' ? 'application/json' : '';
      if (status === 406) expect(answer.body).toBe(`406: Not Acceptable\n\nAvailable representations: ${types}`);
    });

  it('refuses a POST without a body for its Accept too', async () => {
    const answer = await ask(port, '/run/web/logger/main?cmd=hello', {
      token,
      method: 'POST',
      headers: { accept: 'text/plain', 'content-length': '0' },
    });
    expect([answer.status, answer.body]).toEqual([406, '406: Not Acceptable\n\nAvailable representations: ']);
  });
});

describe('the other servers', () => {
  it('serve their own routes without credentials', async () => {
    const readonly = server.addresses.readonly?.port ?? 0;
    const healthz = server.addresses.healthz?.port ?? 0;
    for (const path of ['/healthz', '/healthz/syncloop', '/pods']) expect((await ask(readonly, path)).status).toBe(200);
    for (const path of ['/healthz', '/healthz/ping']) expect((await ask(healthz, path)).status).toBe(200);
    for (const path of ['/healthz/syncloop', '/pods', '/configz', '/logs/', '/metrics'])
      expect((await ask(healthz, path)).status).toBe(404);
  });

  it('keep debugging away from the read-only port', async () => {
    const readonly = server.addresses.readonly?.port ?? 0;
    for (const path of [
      '/exec/a/b/c',
      '/run/',
      '/attach/x',
      '/portForward/a/b',
      '/containerLogs/a/b/c',
      '/runningpods/',
      '/debug/pprof/heap',
      '/logs/',
    ])
      for (const method of ['GET', 'POST']) {
        const answer = await ask(readonly, path, { method });
        expect([path, answer.status, answer.body]).toEqual([path, 405, 'Debug endpoints are disabled.\n']);
      }
    for (const path of ['/configz', '/checkpoint/a/b/c', '/debug/flags/v', '/statusz', '/flagz'])
      expect((await ask(readonly, path)).status).toBe(404);
    expect((await ask(readonly, '/run')).headers.location).toBe('/run/');
  });

  it('are off unless they are asked for', async () => {
    const alone = await startTestServer({ enableServer: false, readOnlyPort: 0, healthzPort: 0 }, { ports: {} });
    expect(alone.addresses).toEqual({});
    await alone.close();
  });
});

describe('switches', () => {
  const cases: [string, Parameters<typeof startTestServer>[0], string, number, string][] = [
    ['enableDebuggingHandlers', { enableDebuggingHandlers: false }, '/logs/', 405, 'Debug endpoints are disabled.\n'],
    ['enableDebuggingHandlers', { enableDebuggingHandlers: false }, '/configz', 404, '404 page not found\n'],
    ['enableSystemLogHandler', { enableSystemLogHandler: false }, '/logs/', 405, 'logs endpoint is disabled.\n'],
    ['enableProfilingHandler', { enableProfilingHandler: false }, '/debug/pprof/cmdline', 405, 'profiling endpoint is disabled.\n'],
    ['enableDebugFlagsHandler', { enableDebugFlagsHandler: false }, '/debug/flags/v', 405, 'flags endpoint is disabled.\n'],
    ['ContainerCheckpoint', { featureGates: { ContainerCheckpoint: false } }, '/checkpoint/a/b/c', 404, '404 page not found\n'],
    ['ComponentStatusz', { featureGates: { ComponentStatusz: false } }, '/statusz', 404, '404 page not found\n'],
    ['ComponentFlagz', { featureGates: { ComponentFlagz: false } }, '/flagz', 404, '404 page not found\n'],
  ];
  for (const [name, config, path, status, body] of cases)
    it(`${path} answers ${status} when ${name} is off`, async () => {
      const off = await startTestServer(config);
      const answer = await ask(off.addresses.secure?.port ?? 0, path, { token: 'admin:*' });
      expect([answer.status, answer.body]).toEqual([status, body]);
      await off.close();
    });
});
