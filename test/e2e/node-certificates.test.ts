/** How a kubelet comes to its certificates and keeps them good: nodelet's own, beside an API server with its controllers. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { issueCertificate, parseCertificate, pemCertificates } from '../../src/auth/x509/x509.ts';
import { claimNumber, type Claim } from '../support/claim.ts';
import { freePorts } from '../support/free-port.ts';
import { testThatNeeds } from '../support/need.ts';
import { FOREVER, podOf } from '../support/pods.ts';
import { nodelet, PROGRAM, runProgram, startProgram, type Result, type RunningProgram } from '../support/program.ts';
import { missingForNodes } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const test = testThatNeeds(missingForNodes());
const TOKEN = { id: 'abcdef', secret: '0123456789abcdef' };
let root = '';
let slot: Claim;
let server: RunningProgram | undefined;
let apiPort = 0;

const kubectlWith = (input: string, ...args: string[]): Promise<Result> =>
  runProgram('kubectl', [`--kubeconfig=${root}/data/kubeconfig`, ...args], { input });
const kubectl = (...args: string[]): Promise<Result> => kubectlWith('', ...args);
const ok = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await kubectl(...args);
  expect(code, `${args.join(' ')}: ${stderr}`).toBe(0);
  return stdout;
};

beforeAll(async () => {
  if (missingForNodes() !== undefined) return;
  root = mkdtempSync(join(tmpdir(), 'nodelet-certificates-'));
  slot = await claimNumber('node', 200);
  [apiPort = 0] = await freePorts(1);
  server = startProgram(process.execPath, [
    PROGRAM,
    'up',
    '--without-kubelet',
    '--enable-bootstrap-token-auth',
    `--data-dir=${root}/data`,
    `--secure-port=${apiPort}`,
    `--hostname-override=unused`,
    `--service-cluster-ip-range=10.97.${slot.number}.0/24`,
  ]);
  await until('the server', () => server?.stdout().includes('nodelet is up'), 40_000);
});
afterAll(async () => {
  if (server === undefined) return;
  server.kill('SIGTERM');
  await server.ended;
  await nodelet('down', `--data-dir=${root}/data`, '--purge');
  await slot.release();
  rmSync(root, { recursive: true, force: true });
});

/** The newest request of one signer: name, who asked, and what became of it. */
async function requestOf(signer: string): Promise<{ name: string; by: string; condition: string } | undefined> {
  const lines = (await kubectl('get', 'csr', '--sort-by=.metadata.creationTimestamp', '--no-headers')).stdout.split('\n');
  const [name = '', , , by = '', , condition = ''] = lines.map((line) => line.split(/ +/)).findLast((row) => row[2] === signer) ?? [];
  return name === '' ? undefined : { name, by, condition };
}

interface Member {
  readonly name: string;
  readonly certDir: string;
  readonly kubelet: RunningProgram;
  readonly leave: () => Promise<void>;
}

/** A kubelet with `kubeletConfiguration` and these flags besides. */
async function joinNode(name: string, configuration: string, ...flags: string[]): Promise<Member> {
  const home = join(root, name);
  mkdirSync(home);
  const nodeName = `certificates-${slot.number}-${name}`;
  const [port = 0] = await freePorts(1);
  const cgroup = `nodelet-certificates-${slot.number}`;
  writeFileSync(
    join(home, 'config.yaml'),
    `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {x509: {clientCAFile: ${root}/data/pki/ca.crt}}
cgroupRoot: /${cgroup}
podLogsDir: ${home}/pod-logs
${configuration}
`,
  );
  const kubelet = startProgram(process.execPath, [
    PROGRAM,
    'kubelet',
    '--runtime=process',
    `--config=${home}/config.yaml`,
    `--kubeconfig=${home}/kubeconfig`,
    `--root-dir=${home}/kubelet`,
    `--cert-dir=${home}/certificates`,
    `--container-logs-dir=${home}/containers`,
    `--hostname-override=${nodeName}`,
    `--pod-cidr=10.98.${slot.number}.0/24`,
    `--port=${port}`,
    '--healthz-port=0',
    ...flags,
  ]);
  return {
    name: nodeName,
    certDir: join(home, 'certificates'),
    kubelet,
    leave: async () => {
      kubelet.kill('SIGTERM');
      await kubelet.ended;
      await runProgram('ip', ['link', 'del', `nodelet0a62${slot.number.toString(16).padStart(2, '0')}`]);
      const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
      const targets = lines.map((line) => line.split(' ')[4] ?? '').filter((target) => target.startsWith(`${home}/`));
      for (const target of targets.toReversed()) await runProgram('umount', ['-l', target]);
      await runProgram('sh', [
        '-c',
        `find /sys/fs/cgroup -maxdepth 2 -name "$1" | while read -r top; do find "$top" -depth -type d -exec rmdir {} \\;; done`,
        'sh',
        cgroup,
      ]);
    },
  };
}

function writeKubeconfig(path: string, user: string): void {
  writeFileSync(
    path,
    `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:${apiPort}", certificate-authority: ${root}/data/pki/ca.crt}}]
users: [{name: u, user: {${user}}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`,
  );
}

const isReady = async (name: string): Promise<boolean> => / Ready /.test((await kubectl('get', 'node', name, '--no-headers')).stdout);
const why = (kubelet: RunningProgram) => (error: unknown) => {
  throw new Error(`${String(error)}: ${kubelet.stderr().slice(-3_000)}`);
};

test('a kubelet joins by a bootstrap token, and serves once somebody approves its certificate', async () => {
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'bootstrap.kubernetes.io/token',
    metadata: { name: `bootstrap-token-${TOKEN.id}`, namespace: 'kube-system' },
    stringData: { 'token-id': TOKEN.id, 'token-secret': TOKEN.secret, 'usage-bootstrap-authentication': 'true' },
  };
  expect((await kubectlWith(JSON.stringify(secret), 'apply', '-f', '-')).stderr).toBe('');
  await ok('create', 'clusterrolebinding', 'joining', '--clusterrole=system:node-bootstrapper', '--group=system:bootstrappers');
  const bootstrap = join(root, 'bootstrap.kubeconfig');
  writeKubeconfig(bootstrap, `token: ${TOKEN.id}.${TOKEN.secret}`);
  const configuration = 'serverTLSBootstrap: true\nrotateCertificates: true';
  const member = await joinNode('joins', configuration, `--bootstrap-kubeconfig=${bootstrap}`);
  try {
    await until('the node', () => isReady(member.name)).catch(why(member.kubelet));
    expect(await requestOf('kubernetes.io/kube-apiserver-client-kubelet')).toMatchObject({
      by: `system:bootstrap:${TOKEN.id}`,
      condition: 'Approved,Issued',
    });
    const [leaf] = pemCertificates(readFileSync(join(member.certDir, 'kubelet-client-current.pem'), 'utf8'));
    expect(leaf && parseCertificate(leaf).subject).toMatchObject({
      commonName: `system:node:${member.name}`,
      organizations: ['system:nodes'],
    });
    expect(readFileSync(join(root, 'joins', 'kubeconfig'), 'utf8')).toContain(
      `client-certificate: "${member.certDir}/kubelet-client-current.pem"`,
    );

    const pod = podOf('served', `echo served; ${FOREVER}`, {}, { nodeName: member.name });
    await until('the pod', async () => (await kubectlWith(JSON.stringify(pod), 'apply', '-f', '-')).code === 0);
    await until('it to run', async () => (await kubectl('get', 'pod', 'served', '-o', 'jsonpath={.status.phase}')).stdout === 'Running');
    // Without a certificate it serves nobody.
    expect((await kubectl('logs', 'served')).code).toBe(1);
    const serving = await until('the request', () => requestOf('kubernetes.io/kubelet-serving'));
    expect(serving).toMatchObject({ by: `system:node:${member.name}`, condition: 'Pending' });
    await ok('certificate', 'approve', serving.name);
    await until('its log', async () => (await kubectl('logs', 'served')).stdout === 'served\n');
    await ok('delete', 'pod', 'served');
  } finally {
    await member.leave();
  }
});

test('a kubelet renews a client certificate that is about to end, and goes on with the new one', async () => {
  const name = `certificates-${slot.number}-renews`;
  const pki = (file: string): string => readFileSync(join(root, 'data', 'pki', file), 'utf8');
  const endsAt = Date.now() + 20_000;
  const { cert, key } = issueCertificate({
    ca: { cert: pki('ca.crt'), key: pki('ca.key') },
    subject: { commonName: `system:node:${name}`, organizations: ['system:nodes'] },
    usages: ['clientAuth'],
    notBefore: Date.now() - 3_600_000,
    notAfter: endsAt,
  });
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  writeFileSync(join(root, 'renews.kubeconfig'), '');
  writeKubeconfig(join(root, 'renews.kubeconfig'), `client-certificate-data: ${base64(cert)}, client-key-data: ${base64(key)}`);
  const member = await joinNode('renews', 'rotateCertificates: true', `--kubeconfig=${root}/renews.kubeconfig`);
  try {
    await until('the new one', () => readFileSync(join(member.certDir, 'kubelet-client-current.pem'), 'utf8') !== '').catch(
      why(member.kubelet),
    );
    expect(await requestOf('kubernetes.io/kube-apiserver-client-kubelet')).toMatchObject({
      by: `system:node:${name}`,
      condition: 'Approved,Issued',
    });
    const renewedAt = async (): Promise<number> =>
      Date.parse((await kubectl('-n', 'kube-node-lease', 'get', 'lease', name, '-o', 'jsonpath={.spec.renewTime}')).stdout);
    await until('a Lease of after the end of the old one', async () => (await renewedAt()) > endsAt, 50_000).catch(why(member.kubelet));
  } finally {
    await member.leave();
  }
}, 90_000);
