import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../util/clock.ts';
import { silentLogger } from '../../util/log.ts';
import { startTestServer } from '../http/testing.ts';
import { openAuditLog } from './log.ts';

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});
const place = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'nodelet-audit-'));
  directories.push(directory);
  return join(directory, 'deep', 'audit.log');
};
const options = { maxBytes: 1 << 20, maxBackups: 2, clock: systemClock, log: silentLogger };

interface Event {
  verb: string;
  stage: string;
  user: { username: string };
  objectRef?: object;
  responseStatus: { code: number; reason?: string };
  annotations: Record<string, string>;
}
const read = (path: string): Event[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Event);

describe('the audit log', () => {
  it('tells who asked for what and what became of it, and no bodies', async () => {
    const path = place();
    const server = await startTestServer({ audit: { path, maxBytes: 1 << 20, maxBackups: 0 } });
    await server.send('POST', '/api/v1/namespaces/default/secrets', { metadata: { name: 's' }, stringData: { a: 'hidden' } });
    await server.send('GET', '/api/v1/namespaces/default/secrets/nope');
    const stream = await server.watch('/api/v1/namespaces?watch=true');
    await stream.next();
    stream.close();
    await server.close();
    const events = read(path);
    expect(readFileSync(path, 'utf8')).not.toContain('hidden');
    expect(events.map(({ verb, stage, responseStatus }) => [verb, stage, responseStatus.code])).toEqual([
      ['create', 'ResponseComplete', 201],
      ['get', 'ResponseComplete', 404],
      ['watch', 'ResponseStarted', 200],
      ['watch', 'ResponseComplete', 200],
    ]);
    expect(events[1]).toMatchObject({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      requestURI: '/api/v1/namespaces/default/secrets/nope',
      objectRef: { resource: 'secrets', namespace: 'default', name: 'nope', apiVersion: 'v1' },
      responseStatus: { status: 'Failure', reason: 'NotFound' },
      annotations: { 'authorization.k8s.io/decision': 'allow' },
    });
  });

  it('sets a full file aside and keeps as many as it may', async () => {
    const path = place();
    let now = Date.UTC(2026, 0, 1);
    const clock = { ...systemClock, now: () => (now += 1) };
    const log = openAuditLog({ ...options, path, maxBytes: 100, clock });
    for (let i = 0; i < 10; i += 1) expect(log.write(`${i}`.padEnd(60, 'x'))).toBe(true);
    await log.close();
    const files = readdirSync(join(path, '..')).sort();
    expect(files).toHaveLength(3);
    expect(files[0]).toMatch(/^audit-2026-01-01T00-00-00\.\d{3}\.log$/);
    expect(readFileSync(path, 'utf8')).toBe(`${'9'.padEnd(60, 'x')}\n`);
  });

  it('leaves events out, and says so once, when the file cannot be written', async () => {
    const said: string[] = [];
    const log = openAuditLog({ ...options, path: '/dev/full', log: { ...silentLogger, error: (message: string) => said.push(message) } });
    log.write('a');
    await expect.poll(() => said.length).toBe(1);
    expect(log.write('b')).toBe(false);
    await log.close();
    expect(said).toEqual(['The audit log cannot be written']);
  });
});
