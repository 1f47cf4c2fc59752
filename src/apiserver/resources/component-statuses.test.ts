import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../http/testing.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(
    {},
    {
      components: [
        { name: 'controller-manager', check: () => undefined },
        {
          name: 'scheduler',
          check: () => Promise.reject(new Error('Get "https://127.0.0.1:10259/healthz": connection refused')),
        },
      ],
    },
  );
});
afterAll(() => server.close());

const PATH = '/api/v1/componentstatuses';
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };

describe('componentstatuses', () => {
  it('are asked when they are listed', async () => {
    const answer = await server.send('GET', PATH);
    expect(answer.headers['warning']).toBe('299 - "v1 ComponentStatus is deprecated in v1.19+"');
    expect(answer.json()).toEqual({
      kind: 'ComponentStatusList',
      apiVersion: 'v1',
      metadata: {},
      items: [
        { metadata: { name: 'etcd-0' }, conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }] },
        { metadata: { name: 'controller-manager' }, conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }] },
        {
          metadata: { name: 'scheduler' },
          conditions: [{ type: 'Healthy', status: 'False', message: 'Get "https://127.0.0.1:10259/healthz": connection refused' }],
        },
      ],
    });
  });

  it('are Tables for kubectl', async () => {
    const table = (await server.send('GET', PATH, undefined, TABLE)).json();
    expect((table['rows'] as { cells: unknown[] }[]).map(({ cells }) => cells)).toEqual([
      ['etcd-0', 'Healthy', 'ok', ''],
      ['controller-manager', 'Healthy', 'ok', ''],
      ['scheduler', 'Unhealthy', 'Get "https://127.0.0.1:10259/healthz": connection refused', ''],
    ]);
  });

  it('are read one by one, and selected', async () => {
    expect((await server.send('GET', `${PATH}/etcd-0`)).json()).toEqual({
      kind: 'ComponentStatus',
      apiVersion: 'v1',
      metadata: { name: 'etcd-0' },
      conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }],
    });
    expect((await server.send('GET', `${PATH}/nope`)).json()).toMatchObject({ code: 500, message: 'Component not found: nope' });
    expect((await server.send('GET', `${PATH}?fieldSelector=metadata.name=etcd-0`)).json().items).toHaveLength(1);
    expect((await server.send('GET', `${PATH}?labelSelector=a=b`)).json().items).toEqual([]);
    expect((await server.send('POST', PATH, {})).status).toBe(405);
  });
});
