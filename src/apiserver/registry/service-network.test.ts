import { describe, expect, it } from 'vitest';
import { startTestServer } from '../http/testing.ts';
import { serviceNetwork } from './service-network.ts';

describe('the range of Service addresses', () => {
  it('knows its addresses', () => {
    const network = serviceNetwork('10.110.7.9/24');
    expect([network.size, network.staticBand, network.at(0), network.at(255)]).toEqual([256, 16, '10.110.7.0', '10.110.7.255']);
    expect(['10.110.7.1', '10.110.8.1', 'x', '::1'].map(network.contains)).toEqual([true, false, false, false]);
    expect(serviceNetwork('10.96.0.0/12').staticBand).toBe(256);
  });

  it.each(['', '10.0.0.0', '10.0.0.0/33', '10.0.0.0/31', '10.0.0/8', 'fd00::/108', '10.0.0.0/x'])('refuses %j', (range) => {
    expect(() => serviceNetwork(range)).toThrow(RangeError);
  });

  it('gives every address of a small range once, and says when there is none left', async () => {
    const server = await startTestServer({ serviceRange: '10.9.8.0/28', serviceIP: '10.9.8.1' });
    try {
      const made: string[] = [];
      for (let i = 0; i < 13; i += 1) {
        const answer = await server.send('POST', '/api/v1/namespaces/default/services', {
          metadata: { name: `s${i}` },
          spec: { ports: [{ port: 80 }] },
        });
        made.push(String(answer.json().spec['clusterIP']));
      }
      expect(new Set(made).size).toBe(13);
      expect(made.every((address) => address.startsWith('10.9.8.') && !/\.(0|1|15)$/.test(address))).toBe(true);
      const last = await server.send('POST', '/api/v1/namespaces/default/services', {
        metadata: { name: 'last' },
        spec: { ports: [{ port: 80 }] },
      });
      expect([last.status, last.json().message]).toEqual([422, expect.stringContaining('range is full')]);
      const range = await server.send('GET', '/apis/networking.k8s.io/v1/servicecidrs/kubernetes');
      expect(range.json().spec['cidrs']).toEqual(['10.9.8.0/28']);
    } finally {
      await server.close();
    }
  });
});
