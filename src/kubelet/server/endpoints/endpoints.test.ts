import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encoded } from '../../../metrics/encoded.ts';
import { goJson } from '../go-json.ts';
import { fakeRuntime, fakeView, podUid, ask, startTestServer, type Ask, type Answer } from '../testing.ts';
import type { KubeletServerHandle } from '../server.ts';

const token = 'admin:*';
const verbosity = { level: 2 };
let syncAgeMs = 0;
let server: KubeletServerHandle;
const send = (path: string, options: Ask = {}): Promise<Answer> => ask(server.addresses.secure?.port ?? 0, path, { token, ...options });
const spdy = { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io' };

beforeAll(async () => {
  const view = { ...fakeView(fakeRuntime()), syncLoopAgeMs: () => syncAgeMs };
  const measurements = {
    resource: () => Promise.resolve(encoded('# HELP a b\n')),
    summary: (only: boolean) => Promise.resolve(encoded(goJson({ node: { only } }, 1))),
  };
  server = await startTestServer({}, { view, verbosity, measurements, flags: { a: '1', b: '[]' } });
});
afterAll(() => server.close());

describe('/healthz', () => {
  const cases: [string, string][] = [
    ['/healthz', 'ok'],
    ['/healthz?verbose', '[+]ping ok\n[+]log ok\n[+]syncloop ok\n[+]device-plugin ok\nhealthz check passed\n'],
    ['/healthz?exclude=ping&verbose', '[+]ping excluded: ok\n[+]log ok\n[+]syncloop ok\n[+]device-plugin ok\nhealthz check passed\n'],
    [
      '/healthz?exclude=b&exclude=a&verbose=0',
      '[+]ping ok\n[+]log ok\n[+]syncloop ok\n[+]device-plugin ok\nwarn: some health checks cannot be excluded: no matches for "a","b"\nhealthz check passed\n',
    ],
  ];
  for (const [path, body] of cases)
    it(`${path} lists what is asked for`, async () => {
      const answer = await send(path);
      expect([answer.status, answer.body, answer.headers['x-content-type-options']]).toEqual([200, body, 'nosniff']);
    });

  it('fails with the sync loop', async () => {
    syncAgeMs = 300_001;
    const all = await send('/healthz');
    expect([all.status, all.body]).toEqual([
      500,
      '[+]ping ok\n[+]log ok\n[-]syncloop failed: reason withheld\n[+]device-plugin ok\nhealthz check failed\n',
    ]);
    const one = await send('/healthz/syncloop');
    expect([one.status, one.body]).toEqual([500, 'internal server error: sync Loop took longer than expected\n']);
    expect((await send('/healthz?exclude=syncloop')).status).toBe(200);
    syncAgeMs = 0;
  });
});

describe('/pods', () => {
  it('is a PodList in one line, items without kind, unsafe characters escaped', async () => {
    const { headers, body } = await send('/pods');
    expect(headers['content-type']).toBe('application/json');
    expect(body.startsWith('{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"logger",')).toBe(true);
    expect(body.endsWith('}]}\n')).toBe(true);
  });

  it('has null for no items', async () => {
    expect((await send('/runningpods/')).body).toBe('{"kind":"PodList","apiVersion":"v1","metadata":{},"items":null}\n');
  });
});

describe('/run', () => {
  const cases: [string, number, string, string | undefined][] = [
    ['/run/web/logger/main?cmd=hello', 200, 'hello\n', 'application/json'],
    [`/run/web/logger/${podUid}/main?cmd=hello`, 200, 'hello\n', 'application/json'],
    ['/run/web/logger/main?cmd=quiet', 200, '', undefined],
    ['/run/web/logger/main?cmd=false', 500, "command 'false' exited with 1: it failed", 'text/plain; charset=utf-8'],
    ['/run/web/logger/main', 500, 'rpc error: code = Unknown desc = no command', 'text/plain; charset=utf-8'],
    ['/run/web/nope/main?cmd=hello', 404, 'pod does not exist', 'text/plain; charset=utf-8'],
    ['/run/web/logger/slow?cmd=hello', 500, 'container not found ("slow")', 'text/plain; charset=utf-8'],
  ];
  for (const [path, status, body, type] of cases)
    it(`${path} answers ${status}`, async () => {
      const answer = await send(path, { method: 'POST' });
      expect([answer.status, answer.body, answer.headers['content-type']]).toEqual([status, body, type]);
    });

  it('reads no form', async () => {
    const answer = await send('/run/web/logger/main', {
      method: 'POST',
      body: 'cmd=hello',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(answer.status).toBe(500);
  });
});

describe('exec, attach and port-forward before the upgrade', () => {
  const one = 'you must specify at least 1 of stdin, stdout, stderr';
  const cases: [string, number, string][] = [
    ['/exec/web/nope/main', 400, one],
    ['/exec/web/logger/main?command=id', 400, one],
    ['/exec/web/logger/main?command=id&stdout=true&output=true', 400, one],
    ['/exec/web/logger/main?command=id&tty=1&error=1', 400, one],
    ['/exec/web/nope/main?output=1', 404, 'pod does not exist'],
    ['/exec/web/logger/nope?output=1', 500, 'container not found ("nope")'],
    ['/exec/web/logger/slow?output=1', 500, 'container not found ("slow")'],
    ['/exec/web/logger/main?output=1&command=gone', 404, 'rpc error: code = NotFound desc = no such container'],
    ['/exec/web/logger/main?output=1&command=id', 500, 'Upgrade request required\n'],
    ['/exec/web/logger/other-uid/main?output=1&command=id', 500, 'Upgrade request required\n'],
    ['/attach/web/logger/main', 400, one],
    ['/attach/web/nope/main?output=1', 404, 'pod does not exist'],
    ['/attach/web/logger/nope?output=1', 500, 'container nope not found in pod logger_web'],
    ['/attach/web/logger/other-uid/main?output=1', 500, 'pod logger_web not found'],
    [`/attach/web/logger/${podUid}/main?output=1`, 500, 'Upgrade request required\n'],
    ['/portForward/web/nope', 404, 'pod does not exist'],
    ['/portForward/web/logger/other-uid', 404, 'pod not found'],
    ['/portForward/web/logger', 500, 'Upgrade request required\n'],
  ];
  for (const [path, status, body] of cases)
    it(`${path} answers ${status}`, async () => {
      for (const method of ['GET', 'POST']) {
        const answer = await send(path, { method });
        expect([method, answer.status, answer.body]).toEqual([method, status, body]);
      }
      if (body.startsWith('Upgrade')) return;
      const upgrading = await send(path, { method: 'POST', headers: spdy });
      expect([upgrading.status, upgrading.body]).toEqual([status, body]);
    });

  it('names the ports that a WebSocket needs before the pod is looked for', async () => {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-protocol': 'v4.channel.k8s.io',
    };
    expect((await send('/portForward/web/nope', { headers })).body).toBe('query parameter "port" is required');
    expect((await send('/portForward/web/nope?port=0', { headers })).body).toBe('port "0" must be > 0');
    expect((await send('/portForward/web/nope?port=80', { headers })).body).toBe('pod does not exist');
  });
});

describe('/checkpoint', () => {
  const cases: [string, number, string][] = [
    ['/checkpoint/web/nope/main?timeout=abc', 404, 'pod does not exist'],
    ['/checkpoint/web/logger/nope', 404, 'container nope does not exist'],
    ['/checkpoint/web/logger/main?timeout=abc', 404, 'cannot parse value of timeout parameter'],
    [
      '/checkpoint/web/logger/main?timeout=abc&timeout=1',
      500,
      'checkpointing of web/logger/main failed (rpc error: code = Unimplemented desc = method CheckpointContainer not implemented)',
    ],
    [
      '/checkpoint/web/logger/main?timeout=-1',
      500,
      'checkpointing of web/logger/main failed (CheckpointContainer requires the timeout value to be > 0)',
    ],
    ['/checkpoint/web/logger/slow', 500, 'checkpointing of web/logger/slow failed (container slow not found)'],
  ];
  for (const [path, status, body] of cases)
    it(`${path} answers ${status}`, async () => {
      const answer = await send(path, { method: 'POST' });
      expect([answer.status, answer.body]).toEqual([status, body]);
    });
});

describe('/debug/flags/v', () => {
  const cases: [string, number, string, number][] = [
    ['4', 200, 'successfully set klog.logging.verbosity to 4\n', 4],
    ['abc', 400, 'strconv.ParseUint: parsing "abc": invalid syntax\n', 4],
    ['4\n', 400, 'strconv.ParseUint: parsing "4\\n": invalid syntax\n', 4],
    ['-1', 400, 'strconv.ParseUint: parsing "-1": invalid syntax\n', 4],
    ['', 400, 'strconv.ParseUint: parsing "": invalid syntax\n', 4],
    ['4294967296', 400, 'strconv.ParseUint: parsing "4294967296": value out of range\n', 4],
    ['9'.repeat(50), 400, `strconv.ParseUint: parsing "${'9'.repeat(50)}": value out of range\n`, 4],
    ['\u0001', 400, 'strconv.ParseUint: parsing "\\x01": invalid syntax\n', 4],
    ['9'.repeat(2_000_000), 400, 'error reading request body: http: request body too large\n', 4],
    ['0', 200, 'successfully set klog.logging.verbosity to 0\n', 0],
  ];
  for (const [body, status, text, level] of cases)
    it(`PUT ${JSON.stringify(body.slice(0, 20))} answers ${status}`, async () => {
      const answer = await send('/debug/flags/v', { method: 'PUT', body });
      expect([answer.status, answer.body, answer.headers['content-type'], verbosity.level]).toEqual([status, text, 'text/plain', level]);
    });
});

describe('/statusz and /flagz', () => {
  it('are text unless an object is asked for by its whole name', async () => {
    const text = await send('/statusz');
    expect(text.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(text.body).toMatch(
      /^\nkubelet statusz\nWarning: .*\n\nStarted: \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d UTC \d{4}\nUp: 0 hr 00 min \d\d sec\nGo version: node\S+\nBinary version: 1\.36\.3\nEmulation version: 1\.36\nPaths: \/configz \/debug \/flagz \/healthz \/metrics\n$/,
    );
    expect((await send('/flagz', { headers: { accept: 'text/plain' } })).body).toMatch(/^\nkubelet flagz\nWarning: .*\na:1\nb:\[\]\n$/);
    const object = await send('/flagz', { headers: { accept: 'application/json;v=v1beta1;g=config.k8s.io;as=Flagz' } });
    expect(JSON.parse(object.body)).toEqual({
      kind: 'Flagz',
      apiVersion: 'config.k8s.io/v1beta1',
      metadata: { name: 'kubelet' },
      flags: { a: '1', b: '[]' },
    });
    const old = await send('/statusz', { headers: { accept: 'application/yaml;v=v1alpha1;g=config.k8s.io;as=Statusz' } });
    expect(old.body).toContain('apiVersion: config.k8s.io/v1alpha1\n');
    expect(old.headers['warning']).toBe('299 - "This version of the statusz endpoint is deprecated. Please use a newer version."');
  });

  const refused: [string, string, RegExp][] = [
    ['application/json', 'application/json', /^\{"kind":"Status",.*"code":406\}\n$/],
    ['application/*', 'application/json', /^\{"kind":"Status",.*\}\n$/],
    ['application/yaml', 'application/yaml', /^apiVersion: v1\ncode: 406\n/],
    ['text/html', 'application/json', /^\{\n {2}"kind": "Status",[^]*406\n\}$/],
    ['application/json;v=v1;g=config.k8s.io;as=Statusz', 'application/json', /406/],
  ];
  for (const [accept, type, body] of refused)
    it(`refuse ${accept}`, async () => {
      const answer = await send('/statusz', { headers: { accept } });
      expect([answer.status, answer.headers['content-type']]).toEqual([406, type]);
      expect(answer.body).toMatch(body);
    });
});

describe('metrics and summary', () => {
  it('are what is measured, zipped when that is accepted', async () => {
    const { headers, body } = await send('/metrics/resource');
    expect([headers['content-type'], body]).toEqual(['text/plain; version=0.0.4; charset=utf-8; escaping=underscores', '# HELP a b\n']);
    expect(headers['process-start-time-unix']).toMatch(/^\d+$/);
    const cases: [string, string | undefined][] = [
      ['gzip', 'gzip'],
      ['br, gzip;q=0.5', 'gzip'],
      ['gzip;q=0', undefined],
      ['br', undefined],
    ];
    for (const [accept, encoding] of cases)
      expect([accept, (await send('/metrics/resource', { headers: { 'accept-encoding': accept } })).headers['content-encoding']]).toEqual([
        accept,
        encoding,
      ]);
  });

  it('say so when nothing measures them', async () => {
    const { status, body } = await send('/metrics/cadvisor');
    expect([status, body]).toEqual([500, 'An error has occurred while serving metrics:\n\nnothing on this node measures this\n']);
  });

  it('take one parameter, from the query or a form', async () => {
    const only = { node: { only: true } };
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const cases: [string, Ask, object][] = [
      ['', {}, { node: { only: false } }],
      ['?only_cpu_and_memory=true', {}, only],
      ['?only_cpu_and_memory=true&only_cpu_and_memory=true', {}, { node: { only: false } }],
      ['?only_cpu_and_memory=yes', {}, { node: { only: false } }],
      ['', { method: 'POST', body: 'only_cpu_and_memory=true', headers: form }, only],
    ];
    for (const [query, options, expected] of cases)
      expect(JSON.parse((await send(`/stats/summary${query}`, options)).body)).toEqual(expected);
    expect((await send('/stats/summary/')).body).toBe('{\n "node": {\n  "only": false\n }\n}');
  });
});

describe('metrics of the servers', () => {
  it('count requests by path, method and server', async () => {
    for (const path of ['/pods', '/pods/x', '/foo', '/metrics/nope', '/portForward/web/nope']) await send(path);
    await send('/pods', { method: 'PATCH' });
    const { body } = await send('/metrics');
    const series = (method: string, path: string, long = 'false'): string =>
      `kubelet_http_requests_total{long_running="${long}",method="${method}",path="${path}",server_type="readwrite"}`;
    for (const [method, path, long] of [
      ['GET', 'pods'],
      ['other', 'pods'],
      ['GET', 'other'],
      ['GET', 'portForward'],
      ['PUT', 'debug', 'true'],
      ['POST', 'exec', 'true'],
    ] as const)
      expect(body).toContain(series(method, path, long));
    expect(body).toContain('kubelet_http_inflight_requests{long_running="false",method="GET",path="metrics",server_type="readwrite"} 1\n');
    expect(body).toContain('kubelet_http_inflight_requests{long_running="false",method="GET",path="pods",server_type="readwrite"} 0\n');
    expect(body).toContain('# HELP process_resident_memory_bytes Resident memory size in bytes.\n');
  });

  it('count health checks until they are reset', async () => {
    await send('/healthz');
    expect((await send('/metrics/slis')).body).toContain('kubernetes_healthcheck{name="syncloop",type="healthz"} 1\n');
    const reset = await send('/metrics/slis', { method: 'DELETE' });
    expect(reset.body).toBe('metrics reset\n');
    expect((await send('/metrics/slis')).body).not.toContain('kubernetes_healthcheck');
  });
});

describe('/debug/pprof', () => {
  it('has what can be served and says what it does not know', async () => {
    expect((await send('/debug/pprof/cmdline')).body).toBe(process.argv.join('\0'));
    for (const name of ['block', 'mutex', 'threadcreate', 'goroutine', 'heap', 'allocs']) {
      const { status, headers } = await send(`/debug/pprof/${name}`);
      expect([name, status, headers['content-type'], headers['content-disposition']]).toEqual([
        name,
        200,
        'application/octet-stream',
        `attachment; filename="${name}"`,
      ]);
      expect((await send(`/debug/pprof/${name}?debug=1`)).body).toMatch(/^(\w+) profile: /);
    }
    const trace = await send('/debug/pprof/trace?seconds=1');
    expect([trace.status, trace.headers['x-go-pprof']]).toEqual([501, '1']);
    for (const seconds of ['x', '0', '-1', '1.5']) {
      const { status, body } = await send(`/debug/pprof/heap?seconds=${seconds}`);
      expect([status, body]).toEqual([400, 'invalid value for "seconds" - must be a positive integer\n']);
    }
    expect((await send('/debug/pprof/heap?seconds=1&debug=1')).body).toBe('seconds and debug params are incompatible\n');
    expect((await send('/debug/pprof/heap/')).body).toBe('Unknown profile\n');
    const unknown = await send('/debug/pprof/nope');
    expect([unknown.status, unknown.body, unknown.headers['x-go-pprof']]).toEqual([404, 'Unknown profile\n', '1']);
  });
});
