import { get } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Pod } from '../../../api/types.ts';
import { ask, fakeRuntime, fakeView, startTestServer, until } from '../testing.ts';
import type { KubeletServerHandle } from '../server.ts';
import { difference } from './watch-pods.ts';

const pod = (name: string, more: Partial<Pod> = {}): Pod => ({
  metadata: { name, namespace: 'web', uid: name, labels: { app: name } },
  spec: { containers: [] },
  status: { phase: 'Pending' },
  ...more,
});

let pods: Pod[] = [pod('a')];
let server: KubeletServerHandle;
beforeAll(async () => {
  server = await startTestServer({}, { view: { ...fakeView(fakeRuntime()), pods: () => pods }, features: { apiExtensions: true } });
});
afterAll(() => server.close());
const port = (): number => server.addresses.secure?.port ?? 0;

interface Event {
  readonly type: string;
  readonly object: Pod;
}

function watch(query: string): { events: Event[]; stop: () => void } {
  const events: Event[] = [];
  let rest = '';
  const request = get({ port: port(), path: `/pods?watch=true${query}`, headers: { authorization: 'Bearer u:pods' } }, (response) => {
    response.setEncoding('utf8').on('data', (part: string) => {
      const lines = (rest + part).split('\n');
      rest = lines.pop() ?? '';
      events.push(...lines.map((line) => JSON.parse(line) as Event));
    });
    response.on('error', () => undefined);
  });
  request.on('error', () => undefined);
  return { events, stop: () => request.destroy() };
}

describe('GET /pods?watch=true', () => {
  it('sends what is there, then each change', async () => {
    pods = [pod('a')];
    const { events, stop } = watch('');
    await until(() => events.length === 1);
    pods = [pod('a', { status: { phase: 'Running' } }), pod('b')];
    await until(() => events.length === 3);
    pods = [pods[1] ?? pod('b')];
    await until(() => events.length === 4);
    stop();
    expect(events.map(({ type, object }) => [type, object.metadata.name, object.status?.phase])).toEqual([
      ['ADDED', 'a', 'Pending'],
      ['MODIFIED', 'a', 'Running'],
      ['ADDED', 'b', 'Pending'],
      ['DELETED', 'a', 'Running'],
    ]);
    expect(events[0]?.object).toMatchObject({ kind: 'Pod', apiVersion: 'v1' });
  });

  it('shows what its selectors match: a pod that ceases to match is gone', async () => {
    pods = [pod('a'), pod('b')];
    const { events, stop } = watch('&labelSelector=app%3Da&fieldSelector=status.phase!%3DFailed');
    await until(() => events.length === 1);
    pods = [pod('a', { status: { phase: 'Failed' } }), pod('b')];
    await until(() => events.length === 2);
    stop();
    expect(events.map(({ type, object }) => [type, object.metadata.name])).toEqual([
      ['ADDED', 'a'],
      ['DELETED', 'a'],
    ]);
  });

  it('ends after timeoutSeconds, and refuses what it cannot read', async () => {
    pods = [];
    expect((await ask(port(), '/pods?watch=1&timeoutSeconds=1', { token: 'u:pods' })).body).toBe('');
    for (const query of ['labelSelector=!!', 'fieldSelector=spec.nope%3D1', 'timeoutSeconds=-1', 'timeoutSeconds=x'])
      expect([query, (await ask(port(), `/pods?watch=true&${query}`, { token: 'u:pods' })).status]).toEqual([query, 400]);
  });

  it('is a plain list unless extensions are on', async () => {
    const plain = await startTestServer();
    const { body } = await ask(plain.addresses.secure?.port ?? 0, '/pods?watch=true', { token: 'u:pods' });
    await plain.close();
    expect(body.startsWith('{"kind":"PodList"')).toBe(true);
  });
});

describe('difference', () => {
  it('is empty for the same parts, and for other parts that say the same', () => {
    const shown = new Map();
    const a = pod('a');
    expect([...difference(shown, [a])].length).toBe(1);
    expect([...difference(shown, [{ ...a }])]).toEqual([]);
    expect([...difference(shown, [pod('a')])]).toEqual([]);
    expect([...difference(shown, [])].length).toBe(1);
    expect(shown.size).toBe(0);
  });
});
