/** A client library of others, as it is on npm, against a node: see test/clients. */
import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import { testThatNeeds } from '../support/need.ts';
import { runUntilReady, podOf } from '../support/pods.ts';
import { startProgram } from '../support/program.ts';
import { missingForNodes, sharedNode } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const PROGRAM = 'test/clients/client-node.mjs';
const installed = existsSync('test/clients/node_modules/@kubernetes/client-node');
const reason = missingForNodes('busybox') ?? (installed ? undefined : 'needs `npm ci --prefix test/clients`');
const test = testThatNeeds(reason);
const node = sharedNode();

test('@kubernetes/client-node lists, watches, patches, keeps informers, execs, attaches, forwards and reads logs', async () => {
  const script =
    'echo served > /tmp/page; busybox httpd -p 8080 -h /tmp; i=0; trap "exit 0" TERM; while :; do echo "line $i"; i=$((i+1)); sleep 0.1; done';
  const talker = { name: 'talker', image: 'host', stdin: true, command: ['sh', '-c', 'while read -r line; do echo "heard $line"; done'] };
  const pod = podOf('busy', script);
  const spec = pod['spec'] as { containers: unknown[] };
  await runUntilReady(node(), { ...pod, spec: { ...spec, containers: [...spec.containers, talker] } });
  const client = startProgram(process.execPath, [PROGRAM, node().env['KUBECONFIG'] ?? '', 'busy']);
  try {
    await until('the informer', () => client.stdout().includes('restart now\n'), 40_000).catch(() => undefined);
    await node().kill('SIGTERM');
    await node().start();
    client.write('restarted\n');
    await client.ended;
  } finally {
    client.kill('SIGKILL');
  }
  const lines = client.stdout().split('\n');
  expect(client.stdout()).not.toMatch(/^failed/m);
  expect(lines.filter((line) => line.startsWith('passed '))).toHaveLength(12);
  expect(client.stderr()).toBe('');
}, 180_000);
