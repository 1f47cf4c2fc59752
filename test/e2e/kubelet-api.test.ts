/** The kubelet's own HTTPS API, asked with curl: from inside pods by token, from outside by certificate. */
import { join } from 'node:path';
import { beforeAll, expect } from 'vitest';
import { testThatNeeds } from '../support/need.ts';
import { FOREVER, podOf, runUntilReady } from '../support/pods.ts';
import { runProgram } from '../support/program.ts';
import { missingForNodes, sharedNode } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const reason = missingForNodes('curl', 'base64', 'openssl');
const test = testThatNeeds(reason);
const node = sharedNode(['--authorization-webhook-cache-authorized-ttl=1s', '--authorization-webhook-cache-unauthorized-ttl=1s']);

/** Runs shell lines in a pod of this ServiceAccount, with TOKEN and NODE_IP set as users set them. */
async function inPod(pod: string, line: string): Promise<string> {
  const address = await node().ok('get', 'nodes', '-o', 'jsonpath={.items[0].status.addresses[?(@.type == "InternalIP")].address}');
  const script = `export TOKEN=$(cat /var/run/secrets/kubernetes.io/serviceaccount/token) NODE_IP=${address}
${line.replaceAll(':10250', `:${node().kubeletPort}`)}`;
  return node().ok('-n', 'web', 'exec', pod, '--', 'sh', '-c', script);
}

const CURL = 'curl -sS --cacert /var/run/secrets/kubernetes.io/serviceaccount/ca.crt -w "\\n%{http_code}"';
const PODS = `${CURL} -H "Authorization: Bearer $TOKEN" "https://\${NODE_IP}:10250/pods"`;

beforeAll(async () => {
  if (reason !== undefined) return;
  const { ok } = node();
  await ok('create', 'namespace', 'web');
  for (const account of ['watcher', 'saonly']) {
    await ok('-n', 'web', 'create', 'serviceaccount', account);
    await runUntilReady(node(), { ...podOf(account, FOREVER, {}, { serviceAccountName: account }, { namespace: 'web' }) });
  }
  const resources = 'nodes/proxy,nodes/metrics,nodes/stats,nodes/log';
  await ok('create', 'clusterrole', 'kubelet-reader', '--verb=get', `--resource=${resources}`);
  await ok('create', 'clusterrolebinding', 'kubelet-reader', '--clusterrole=kubelet-reader', '--serviceaccount=web:watcher');
});

test('from inside a pod, a ServiceAccount whose ClusterRole allows it gets the PodList', async () => {
  const body = await inPod('watcher', PODS);
  const [json, code] = splitLast(body);
  expect(code).toBe('200');
  const list = JSON.parse(json) as { kind: string; apiVersion: string; items: { metadata: { name: string } }[] };
  expect([list.kind, list.apiVersion]).toEqual(['PodList', 'v1']);
  expect(list.items.map((pod) => pod.metadata.name).toSorted()).toEqual(['saonly', 'watcher']);
});

test('without the role, the answer is the original’s 403', async () => {
  expect(await inPod('saonly', PODS)).toBe(
    'Forbidden (user=system:serviceaccount:web:saonly, verb=get, resource=nodes, subresource(s)=[pods proxy])\n\n403',
  );
});

test('with a bad token, and with none, the answer is the original’s 401', async () => {
  const bad = `${CURL} -H "Authorization: Bearer nonsense" "https://\${NODE_IP}:10250/pods"`;
  expect(await inPod('watcher', bad)).toBe('Unauthorized\n401');
  expect(await inPod('watcher', `${CURL} "https://\${NODE_IP}:10250/pods"`)).toBe('Unauthorized\n401');
});

test('a role that is given later opens the door, and taking it away closes it', async () => {
  const { ok } = node();
  await ok('create', 'clusterrolebinding', 'late', '--clusterrole=kubelet-reader', '--serviceaccount=web:saonly');
  await until('a yes', async () => (await inPod('saonly', PODS)).endsWith('\n200'));
  await ok('delete', 'clusterrolebinding', 'late');
  await until('a no', async () => (await inPod('saonly', PODS)).endsWith('\n403'));
});

test('the API server answers inside pods at its Service address, by kubectl’s in-cluster configuration', async () => {
  const { ok } = node();
  await ok('-n', 'web', 'create', 'rolebinding', 'viewer', '--clusterrole=view', '--serviceaccount=web:watcher');
  const listed = await ok('-n', 'web', 'exec', 'watcher', '--', 'sh', '-c', 'env -u KUBECONFIG kubectl get pods -o name');
  expect(listed).toBe('pod/saonly\npod/watcher\n');
});

test('from outside, the certificate and key cut out of the kubeconfig open it', async () => {
  const { env, dataDir, kubeletPort } = node();
  const cut = `set -e; cd "$1"
kubectl config view --raw -o jsonpath='{.users[0].user.client-certificate-data}' | base64 -d > client.crt
kubectl config view --raw -o jsonpath='{.users[0].user.client-key-data}' | base64 -d > client.key
kubectl config view --raw -o jsonpath='{.clusters[0].cluster.certificate-authority-data}' | base64 -d > ca.crt
curl -sS --cacert ca.crt --cert client.crt --key client.key "https://localhost:$2/$3"`;
  const ask = (path: string) => runProgram('sh', ['-c', cut, 'sh', join(dataDir, '..'), String(kubeletPort), path], { env });
  const pods = await ask('pods');
  expect(pods.stderr).toBe('');
  expect((JSON.parse(pods.stdout) as { kind: string }).kind).toBe('PodList');
  expect((await ask('healthz')).stdout).toBe('ok');
  expect((await ask('metrics')).stdout).toMatch(/^# (HELP|TYPE) /m);
  expect((await ask('nope')).stdout).toBe('404 page not found\n');
  expect((await ask('containerLogs/web/watcher/nope')).stdout).toBe('container "nope" not found in pod "watcher"');
});

test('a certificate of another authority is not let in', async () => {
  const { dataDir, kubeletPort } = node();
  const make =
    'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /O=system:masters/CN=me -keyout "$1/me.key" -out "$1/me.crt"';
  expect((await runProgram('sh', ['-c', make, 'sh', join(dataDir, '..')])).code).toBe(0);
  const at = (file: string): string => join(dataDir, '..', file);
  const answer = await runProgram('curl', ['-sk', '--cert', at('me.crt'), '--key', at('me.key'), `https://127.0.0.1:${kubeletPort}/pods`]);
  expect(answer.stdout).toBe('Unauthorized');
});

test('a pod whose token file is refreshed by the kubelet mounts it read-only', async () => {
  const said = await node().kubectl(
    '-n',
    'web',
    'exec',
    'watcher',
    '--',
    'sh',
    '-c',
    'echo x > /var/run/secrets/kubernetes.io/serviceaccount/token',
  );
  expect(said.stderr).toMatch(/Read-only file system/);
});

function splitLast(text: string): [string, string] {
  const at = text.lastIndexOf('\n');
  return [text.slice(0, at), text.slice(at + 1)];
}
