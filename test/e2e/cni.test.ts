/** A whole node on Debian's CNI plugins. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { claimNumber } from '../support/claim.ts';
import { testThatNeeds } from '../support/need.ts';
import { startTestNode, type TestNode } from '../support/node.ts';
import { FOREVER, podOf, runToEnd, runUntilReady, valueOf } from '../support/pods.ts';
import { missingForNodes } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const hasPlugins = ['/opt/cni/bin/bridge', '/usr/lib/cni/bridge'].some((path) => existsSync(path));
const reason = missingForNodes('curl') ?? (hasPlugins ? undefined : 'needs the Debian package containernetworking-plugins');
const test = testThatNeeds(reason);
let node: TestNode;
let dir: string;
let slot: Awaited<ReturnType<typeof claimNumber>>;
let bridge: string;

beforeAll(async () => {
  if (reason !== undefined) return;
  slot = await claimNumber('cni', 200);
  bridge = `nlcni${slot.number}`;
  dir = mkdtempSync(join(tmpdir(), 'nodelet-cni-'));
  const ipam = {
    type: 'host-local',
    dataDir: join(dir, 'ipam'),
    ranges: [[{ subnet: `10.110.${slot.number}.0/24` }]],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  writeFileSync(
    join(dir, '10-test.conflist'),
    JSON.stringify({ cniVersion: '1.0.0', name: bridge, plugins: [{ type: 'bridge', bridge, isGateway: true, ipMasq: true, ipam }] }),
  );
  node = await startTestNode([`--cni-conf-dir=${dir}`]);
}, 120_000);
afterAll(async () => {
  if (reason !== undefined) return;
  await node.destroy();
  execFileSync('ip', ['link', 'del', bridge]);
  rmSync(dir, { recursive: true, force: true });
  await slot.release();
}, 60_000);

const leases = (): string[] => readdirSync(join(dir, 'ipam', bridge)).filter((name) => name.startsWith('10.'));

test('a pod gets its address from them and reaches the API server; kill -9 and a restart give back what ended meanwhile', async () => {
  await runUntilReady(node, podOf('stays', FOREVER));
  const address = await valueOf(node, 'pod/stays', '.status.podIP');
  expect(address).toMatch(new RegExp(`^10\\.110\\.${slot.number}\\.`));
  const said = await runToEnd(node, podOf('asks', 'curl -sk "https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/version"'));
  expect(said).toContain('gitVersion');
  await node.kill('SIGKILL');
  await node.start();
  expect(await valueOf(node, 'pod/stays', '.status.podIP')).toBe(address);
  expect(leases()).toContain(address);
  await node.ok('delete', 'pod', 'stays', 'asks', '--now');
  await until('the addresses to be given back', async () => leases().length === 0);
}, 180_000);
