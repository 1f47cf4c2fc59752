/** An API server whose certificate for kubelets is `CN=Kubernetes`, as in many hand-made clusters. */
import { join } from 'node:path';
import { expect } from 'vitest';
import { testThatNeeds } from '../support/need.ts';
import { FOREVER, podOf, runUntilReady } from '../support/pods.ts';
import { runProgram } from '../support/program.ts';
import { missingForNodes, sharedNode } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const test = testThatNeeds(missingForNodes('openssl'));
const node = sharedNode(['--authorization-webhook-cache-unauthorized-ttl=1s']);

/** Makes `client.crt` and `client.key` in DIR, signed by the authority in PKI. */
const SIGN = `set -e; cd "$1"
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=Kubernetes -keyout client.key -out client.csr
printf 'extendedKeyUsage=clientAuth' > client.ext
openssl x509 -req -in client.csr -CA "$2/ca.crt" -CAkey "$2/ca.key" -CAcreateserial -days 1 -extfile client.ext -out client.crt`;

const ROLE = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'system:kube-apiserver-to-kubelet', labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } },
  rules: [{ apiGroups: [''], resources: ['nodes/proxy', 'nodes/stats', 'nodes/log', 'nodes/spec', 'nodes/metrics'], verbs: ['*'] }],
};
const BINDING = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'system:kube-apiserver' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:kube-apiserver-to-kubelet' },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'Kubernetes' }],
};

test('kubectl logs and exec print the original’s Forbidden text until the role is bound, then the log', async () => {
  const { apply, dataDir, kill, kubectl, start } = node();
  await runUntilReady(node(), podOf('nginx', `echo from the log; ${FOREVER}`));
  const dir = join(dataDir, '..');
  const signed = await runProgram('sh', ['-c', SIGN, 'sh', dir, join(dataDir, 'pki')]);
  expect(signed.code, signed.stderr).toBe(0);
  await kill('SIGTERM');
  await start(`--kubelet-client-certificate=${join(dir, 'client.crt')}`, `--kubelet-client-key=${join(dir, 'client.key')}`);

  expect(await kubectl('logs', 'nginx')).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'Error from server (Forbidden): Forbidden (user=Kubernetes, verb=get, resource=nodes, subresource(s)=[proxy])\n ( pods/log nginx)\n',
  });
  const refused = await kubectl('exec', 'nginx', '--', 'true');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(
    /unable to upgrade connection: Forbidden \(user=Kubernetes, verb=(create|get), resource=nodes, subresource\(s\)=\[proxy\]\)/,
  );

  await apply({ apiVersion: 'v1', kind: 'List', items: [ROLE, BINDING] });
  await until('the log', async () => (await kubectl('logs', 'nginx')).stdout === 'from the log\n');
  // Each refusal is remembered for a while of its own.
  await until('the command', async () => (await kubectl('exec', 'nginx', '--', 'echo', 'ran')).stdout === 'ran\n');
});
