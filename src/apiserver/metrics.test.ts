import { afterEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from './http/testing.ts';
import { systemHost } from '../util/host.ts';

const open: TestServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});
const start = async (): Promise<TestServer> => {
  const server = await startTestServer({ host: systemHost });
  open.push(server);
  return server;
};

describe('/metrics', () => {
  it('counts requests by verb, resource, scope and code, and nothing that a path makes up', async () => {
    const server = await start();
    await server.send('GET', '/api/v1/namespaces/default/configmaps');
    await server.send('GET', '/api/v1/namespaces/default/configmaps/nope');
    await server.send('POST', '/api/v1/namespaces/default/configmaps?dryRun=All', { metadata: { name: 'x' } });
    await server.send('GET', '/api/v1/namespaces/default/made-up/x');
    const { text } = await server.send('GET', '/metrics');
    const of = (rest: string): string => `apiserver_request_total{${rest}} 1`;
    const configmaps = 'group="",resource="configmaps"';
    expect(text).toContain(
      of(`code="200",component="apiserver",dry_run="",${configmaps},scope="namespace",subresource="",verb="LIST",version="v1"`),
    );
    expect(text).toContain(
      of(`code="404",component="apiserver",dry_run="",${configmaps},scope="resource",subresource="",verb="GET",version="v1"`),
    );
    expect(text).toContain(
      of(`code="201",component="apiserver",dry_run="All",${configmaps},scope="namespace",subresource="",verb="POST",version="v1"`),
    );
    expect(text).not.toContain('made-up');
    expect(text).toContain('apiserver_current_inflight_requests{request_kind="readOnly"} 1\n');
    expect(text).toMatch(/apiserver_request_duration_seconds_count\{[^}]*verb="LIST"[^}]*\} 1\n/);
    expect(text).toContain('apiserver_storage_objects{resource="namespaces"} 4\n');
    expect(text).toMatch(/^process_resident_memory_bytes /m);
  });

  it('counts watches while they last, and what they tell', async () => {
    const server = await start();
    const stream = await server.watch('/api/v1/namespaces?watch=true');
    await stream.next();
    const gauge = /apiserver_longrunning_requests\{[^}]*resource="namespaces"[^}]*verb="WATCH"[^}]*\} (\d)/;
    const during = (await server.send('GET', '/metrics')).text;
    expect(gauge.exec(during)?.[1]).toBe('1');
    expect(during).toMatch(/apiserver_watch_events_total\{group="",resource="namespaces",version="v1"\} [1-4]\n/);
    stream.close();
    await expect.poll(async () => gauge.exec((await server.send('GET', '/metrics')).text)?.[1]).toBe('0');
  });
});

describe('/statusz and /flagz', () => {
  it('say what runs here', async () => {
    const server = await startTestServer({ flags: { 'secure-port': '6443' } });
    open.push(server);
    expect((await server.send('GET', '/statusz')).text).toMatch(/^\napiserver statusz\nWarning: [^]*\nBinary version: 1\.36\.3\n/);
    expect((await server.send('GET', '/flagz')).text).toContain('\nsecure-port:6443\n');
  });
});
