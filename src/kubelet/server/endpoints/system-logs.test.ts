import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeletServerHandle } from '../server.ts';
import { ask, startTestServer, type Answer } from '../testing.ts';

const token = 'admin:*';
let dir: string;
let server: KubeletServerHandle;
let querying: KubeletServerHandle;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'system-logs-'));
  const logs = join(dir, 'log');
  for (const folder of ['log/apt', 'log/containers', 'log/indexed', 'pods/p/c', 'elsewhere'])
    mkdirSync(join(dir, folder), { recursive: true });
  writeFileSync(join(logs, 'b.log'), 'hello world\n');
  writeFileSync(join(logs, 'a <1>:x.bin'), Buffer.from([0, 1, 2, 3]));
  writeFileSync(join(logs, 'apt/history.log'), 'installed\n');
  writeFileSync(join(logs, 'indexed/index.html'), '<p>index</p>');
  writeFileSync(join(logs, 'svc.log'), 'from the service\n');
  writeFileSync(join(dir, 'secret'), 'secret');
  writeFileSync(join(dir, 'pods/p/c/0.log'), 'of a container\n');
  writeFileSync(join(dir, 'elsewhere/x'), 'elsewhere');
  symlinkSync(join(dir, 'pods/p/c/0.log'), join(logs, 'containers/p_ns_c-1.log'));
  symlinkSync(join(dir, 'secret'), join(logs, 'containers/evil.log'));
  symlinkSync(join(dir, 'pods/p/c/0.log'), join(logs, 'outside-containers.log'));
  symlinkSync(join(dir, 'secret'), join(logs, 'link'));
  symlinkSync(join(dir, 'elsewhere'), join(logs, 'dir'));
  symlinkSync('b.log', join(logs, 'inside'));
  symlinkSync('loop', join(logs, 'loop'));
  execFileSync('mkfifo', [join(logs, 'pipe')]);
  const config = { podLogsDir: join(dir, 'pods') };
  server = await startTestServer(config, { systemLogDir: logs });
  querying = await startTestServer({ ...config, enableSystemLogQuery: true }, { systemLogDir: logs });
});
afterAll(async () => {
  await Promise.all([server.close(), querying.close()]);
  rmSync(dir, { recursive: true });
});

const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(server.addresses.secure?.port ?? 0, path, { token, headers });
const query = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(querying.addresses.secure?.port ?? 0, path, { token, headers });

describe('/logs/', () => {
  it('lists a directory', async () => {
    const { status, headers, body } = await get('/logs/');
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(headers['last-modified']).toMatch(/GMT$/);
    expect(
      body.startsWith(
        '<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n<a href="./a%20%3C1%3E:x.bin">a &lt;1&gt;:x.bin</a>\n<a href="apt/">apt/</a>\n',
      ),
    ).toBe(true);
    expect(body.endsWith('</pre>\n')).toBe(true);
  });

  it('sends files with their type', async () => {
    const text = await get('/logs/b.log');
    expect([text.status, text.body, text.headers['accept-ranges']]).toEqual([200, 'hello world\n', 'bytes']);
    // A machine with a table of types calls it text/x-log.
    expect(text.headers['content-type']).toMatch(/^text\/(plain|x-log); charset=utf-8$/);
    expect((await get('/logs/a%20%3C1%3E:x.bin')).headers['content-type']).toBe('application/octet-stream');
    expect((await get('/logs/apt/history.log')).body).toBe('installed\n');
    expect((await get('/logs/inside')).body).toBe('hello world\n');
  });

  it('shows the links of containers, and no other way out', async () => {
    expect((await get('/logs/containers/p_ns_c-1.log')).body).toBe('of a container\n');
    for (const path of [
      'link',
      'dir/x',
      'dir/',
      'containers/evil.log',
      'outside-containers.log',
      'loop',
      'pipe',
      '%2e%2e/secret',
      '..%2fsecret',
      'x%00',
      'apt%2f..%2f..%2fsecret',
      'n'.repeat(5000),
    ]) {
      const { status, body } = await get(`/logs/${path}`);
      expect([path, status, body]).toEqual([path, 404, '404 page not found\n']);
    }
  });

  it('redirects directories, files with a slash and index pages', async () => {
    const cases: [string, string][] = [
      ['/logs/apt', 'apt/'],
      ['/logs/apt?a=b', 'apt/?a=b'],
      ['/logs/b.log/', '../b.log'],
      ['/logs/indexed/index.html', './'],
    ];
    for (const [path, location] of cases) {
      const answer = await get(path);
      expect([path, answer.status, answer.headers.location, answer.body]).toEqual([path, 301, location, '']);
    }
    expect((await get('/logs/indexed/')).body).toBe('<p>index</p>');
  });

  it('sends ranges', async () => {
    const cases: [string, number, string, string | undefined][] = [
      ['bytes=0-4', 206, 'hello', 'bytes 0-4/12'],
      ['bytes=6-', 206, 'world\n', 'bytes 6-11/12'],
      ['bytes=-3', 206, 'ld\n', 'bytes 9-11/12'],
      ['bytes=0-11,0-11', 200, 'hello world\n', undefined],
      ['bytes=0-1,99-', 206, 'he', 'bytes 0-1/12'],
      ['bytes=-0', 206, '', 'bytes 12-11/12'],
      ['bytes=', 200, 'hello world\n', undefined],
      ['bytes=0-1,x', 416, 'invalid range\n', undefined],
      ['bytes=99-', 416, 'invalid range: failed to overlap\n', 'bytes */12'],
      ['bytes=5-1', 416, 'invalid range\n', undefined],
      ['lines=1-2', 416, 'invalid range\n', undefined],
    ];
    for (const [range, status, body, content] of cases) {
      const answer = await get('/logs/b.log', { range });
      expect([range, answer.status, answer.body, answer.headers['content-range']]).toEqual([range, status, body, content]);
    }
  });

  it('sends several ranges in parts', async () => {
    const { status, headers, body } = await get('/logs/b.log', { range: 'bytes=0-1, 3-4,-1' });
    const boundary = /^multipart\/byteranges; boundary=([0-9a-f]{60})$/.exec(headers['content-type'] ?? '')?.[1] ?? '';
    expect([status, boundary.length]).toEqual([206, 60]);
    const part = (range: string, text: string): string =>
      `--${boundary}\r\nContent-Range: bytes ${range}/12\r\nContent-Type: text/PLAIN; charset=utf-8\r\n\r\n${text}\r\n`;
    expect(body.replaceAll(/text\/(plain|x-log)/g, 'text/PLAIN')).toBe(
      `${part('0-1', 'he')}${part('3-4', 'lo')}${part('11-11', '\n')}--${boundary}--\r\n`,
    );
    expect(headers['content-length']).toBe(String(body.length));
  });

  it('sends nothing that has not changed', async () => {
    const { headers } = await get('/logs/b.log');
    expect((await get('/logs/b.log', { 'if-modified-since': headers['last-modified'] ?? '' })).status).toBe(304);
    expect((await get('/logs/b.log', { 'if-modified-since': 'Mon, 01 Jan 2001 00:00:00 GMT' })).status).toBe(200);
  });

  it('takes no notice of a query unless it is switched on', async () => {
    expect((await get('/logs/?query=svc')).headers['content-type']).toBe('text/html; charset=utf-8');
  });
});

describe('/logs/?query=', () => {
  it('reads the log file of a service that the journal does not know', async () => {
    const answer = await query('/logs/?query=svc');
    expect([answer.status, answer.headers['content-type'], answer.body]).toEqual([200, 'text/plain;charset=UTF-8', 'from the service\n']);
    expect((await query('/logs/?query=nothing-there')).body).toBe('\nlog not found for nothing-there\n');
    expect((await query('/logs/?query=svc&tailLines=1')).body).toBe(
      '\noptions present and query resolved to log files for [svc]\ntry without specifying options\n',
    );
  });

  it('says of several services what it says of one', async () => {
    expect((await query('/logs/?query=nope&query=svc')).body).toBe('\nlog not found for nope\nfrom the service\n');
    expect((await query('/logs/?query=nope&query=svc&tailLines=1')).body).toBe(
      '\noptions present and query resolved to log files for [nope svc]\ntry without specifying options\n',
    );
    expect((await query('/logs/?query=..')).body).toBe('\nerror getting log for ..: openat ..: path escapes from parent\n');
    const long = 'a'.repeat(256);
    expect((await query(`/logs/?query=${long}`)).body).toBe(`\nerror getting log for ${long}: openat ${long}: file name too long\n`);
  });

  it('zips when that is all that is accepted', async () => {
    expect((await query('/logs/?query=svc', { 'accept-encoding': 'gzip' })).headers['content-encoding']).toBe('gzip');
    expect((await query('/logs/?query=svc', { 'accept-encoding': 'gzip, br' })).headers['content-encoding']).toBe(undefined);
  });

  it('serves one file inside the directory', async () => {
    expect((await query('/logs/?query=apt/history.log')).body).toBe('installed\n');
    expect((await query('/logs/?query=apt%5Chistory.log')).body).toBe('installed\n');
  });

  it('refuses files that are not inside', async () => {
    for (const [file, why] of [
      ['/etc/passwd', 'statat /etc/passwd: path escapes from parent'],
      ['../x', 'statat ../x: path escapes from parent'],
      ['apt/../../x', 'statat apt/../../x: path escapes from parent'],
      ['none/../../x', 'statat none/../../x: no such file or directory'],
      ['./link', 'statat ./link: path escapes from parent'],
      ['apt/none', 'statat apt/none: no such file or directory'],
    ]) {
      const { status, body } = await query(`/logs/?query=${file}`);
      expect([status, body]).toEqual([406, `query: Invalid value: ["${file}"]: ${why}\n`]);
    }
    expect((await query('/logs/apt/?query=svc')).body).toBe('path not allowed in query mode\n');
  });
});
