/** Names in pods: Services by the cluster's DNS, and the API server under its own certificate. */
import { expect } from 'vitest';
import { testThatNeeds } from '../support/need.ts';
import { FOREVER, podOf, runToEnd, runUntilReady } from '../support/pods.ts';
import { missingForNodes, sharedNode } from '../support/shared-node.ts';

const test = testThatNeeds(missingForNodes());
const node = sharedNode();

test('a pod reaches the API server by the names that its certificate carries', async () => {
  const certificates = '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt';
  const script = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local']
    .map((name) => `curl -sS --max-time 30 --cacert ${certificates} https://${name}/livez; echo`)
    .join('; ');
  expect(await runToEnd(node(), podOf('by-name', script))).toBe('ok\nok\nok\nok\n');
});

test('a headless Service is the addresses of its pods, and a name that nobody has is not found at once', async () => {
  await runUntilReady(node(), podOf('named', FOREVER, {}, {}, { labels: { app: 'named' } }));
  const spec = { clusterIP: 'None', selector: { app: 'named' }, ports: [{ port: 80 }] };
  await node().apply({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'named' }, spec });
  const ip = await node().ok('get', 'pod', 'named', '-o', 'jsonpath={.status.podIP}');
  const script =
    'for i in $(seq 100); do getent hosts named.default.svc.cluster.local && break; sleep 0.1; done; getent hosts missing.default.svc.cluster.local; echo $?';
  expect(await runToEnd(node(), podOf('asks', script))).toBe(`${ip.padEnd(15)} named.default.svc.cluster.local\n2\n`);
});
