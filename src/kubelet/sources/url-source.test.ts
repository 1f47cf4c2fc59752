import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../util/log.ts';
import type { NodePod } from '../pods/pod.ts';
import { fastHost } from '../testing/fast-host.ts';
import { eventually } from '../testing/node.ts';
import { startUrlSource } from './url-source.ts';

const manifest = (name: string): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers: [{ name: 'c', image: 'busybox' }] } });

let server: Server | undefined;
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

describe('pods from a URL', () => {
  it('follow its answers, are none when it answers with nothing, and stay when it fails', async () => {
    let answer: { status: number; body: string } = { status: 200, body: manifest('a') };
    const seen: (string | undefined)[] = [];
    server = createServer((request, response) => {
      seen.push(request.headers['x-token'] as string | undefined);
      response.writeHead(answer.status).end(answer.body);
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const sets: (readonly NodePod[])[] = [];
    const source = startUrlSource({
      host: fastHost(100),
      log: silentLogger,
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/pods`,
      headers: { 'X-Token': ['secret'] },
      nodeName: 'n',
      everyMs: 1000,
      changed: (pods) => sets.push(pods),
    });
    try {
      await source.synced;
      expect(sets.map((pods) => pods.map((p) => p.metadata.name))).toEqual([['a-n']]);
      expect(seen[0]).toBe('secret');
      for (const bad of [
        { status: 500, body: 'x' },
        { status: 200, body: '{"kind":"Nope"}' },
      ]) {
        answer = bad;
        const asked = seen.length;
        await eventually(() => seen.length >= asked + 2);
      }
      expect(sets).toHaveLength(1);
      answer = { status: 200, body: manifest('b') };
      await eventually(() => sets.length === 2);
      answer = { status: 200, body: '' };
      await eventually(() => sets.length === 3);
      expect(sets[2]).toEqual([]);
    } finally {
      source.close();
    }
  });
});
