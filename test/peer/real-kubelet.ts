/** The real kubelet under nodelet's API server and controllers: with a certificate, and from a bootstrap token. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../support/free-port.ts';
import { nodelet, PROGRAM, runProgram, startProgram, type RunningProgram } from '../support/program.ts';
import { until } from '../support/until.ts';
import { makeCgroup } from './cgroups.ts';
import { complaints } from './complaints.ts';
import { checkNode, kubectlOf } from './node-checks.ts';
import { createReport, expectText, type Report } from './report.ts';

export interface RealKubeletOptions {
  /** The folder of `kubelet` and, if it is there, `kubectl`. */
  readonly bin: string;
  /** `unix://…` of a container runtime that no other kubelet uses, with images `image` and pause. */
  readonly endpoint: string;
  readonly image: string;
  readonly kubectl: string;
  /** Leave everything where it is, for a look. */
  readonly keep: boolean;
}

const NODE = 'peer-real-kubelet';
const CGROUP = '/nodelet-peer';
const TOKEN = { id: 'peer01', secret: '0123456789abcdef' };
const BOOTSTRAPPERS = 'system:bootstrappers';

/** Runs the checks both ways; how many failed. */
export async function checkRealKubelet(options: RealKubeletOptions): Promise<number> {
  let failed = 0;
  for (const how of ['certificate', 'bootstrap'] as const) {
    const report = createReport(`real kubelet, ${how}`);
    await withCluster(options, how, report);
    failed += report.failed();
  }
  return failed;
}

async function withCluster(options: RealKubeletOptions, how: 'certificate' | 'bootstrap', report: Report): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'nodelet-peer-kubelet-'));
  const data = join(root, 'data');
  const [apiPort = 0, port = 0] = await freePorts(2);
  const removeCgroup = await makeCgroup(CGROUP);
  const nodeIP = machineAddress();
  const up = startProgram(process.execPath, [
    PROGRAM,
    'up',
    '--without-kubelet',
    '--enable-bootstrap-token-auth',
    `--data-dir=${data}`,
    `--secure-port=${apiPort}`,
    `--hostname-override=${NODE}`,
    `--node-ip=${nodeIP}`,
    '--service-cluster-ip-range=10.95.0.0/24',
    `--audit-log-path=${root}/audit.log`,
  ]);
  let kubelet: RunningProgram | undefined;
  const kubectl = { program: options.kubectl, env: { ...process.env, KUBECONFIG: join(data, 'kubeconfig') } };
  const { ok, run, send } = kubectlOf(kubectl);
  try {
    await until('nodelet', () => up.stdout().includes('nodelet is up')).catch(() => {
      throw new Error(`nodelet up: ${up.stderr()}${up.stdout()}`);
    });
    const bootstraps = how === 'bootstrap';
    if (bootstraps) await permitBootstrap(send, ok);
    kubelet = startKubelet(options, { root, data, port, nodeIP, apiPort, bootstraps });
    if (bootstraps) await checkBootstrap(report, { ok, run, root });
    await checkNode({ kubectl, nodeName: NODE, image: options.image }, report);
    const log = (): string => kubelet?.stderr() ?? '';
    await report.check('its log has no complaint about the API', () => {
      const found = complaints(log());
      if (found.length > 0) throw new Error(found.join('\n'));
      return Promise.resolve();
    });
    await report.check('nothing that it asked was refused', () => {
      const refused = refusals(join(root, 'audit.log'));
      if (refused.length > 0) throw new Error(refused.join('\n'));
      return Promise.resolve();
    });
    if (options.keep) writeFileSync(join(root, 'kubelet.log'), log());
  } finally {
    kubelet?.kill('SIGTERM');
    await kubelet?.ended;
    up.kill('SIGTERM');
    await up.ended;
    if (options.keep) process.stdout.write(`kept: ${root}\n`);
    else {
      await removeSandboxes(options.endpoint);
      await nodelet('down', `--data-dir=${data}`, '--purge');
      for (const target of mountsBelow(root)) await runProgram('umount', ['-l', target]);
      rmSync(root, { recursive: true, force: true });
    }
    await removeCgroup();
  }
}

interface Places {
  readonly root: string;
  readonly data: string;
  readonly port: number;
  readonly nodeIP: string;
  readonly apiPort: number;
  readonly bootstraps: boolean;
}

function startKubelet({ bin, endpoint }: RealKubeletOptions, { root, data, port, nodeIP, apiPort, bootstraps }: Places): RunningProgram {
  mkdirSync(join(root, 'manifests'), { recursive: true });
  const config = join(root, 'kubelet.yaml');
  const serving = bootstraps
    ? 'serverTLSBootstrap: true\nrotateCertificates: true'
    : `tlsCertFile: ${data}/pki/kubelet.crt\ntlsPrivateKeyFile: ${data}/pki/kubelet.key`;
  writeFileSync(
    config,
    `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: ${data}/pki/ca.crt}}
authorization: {mode: Webhook}
port: ${port}
readOnlyPort: 0
healthzPort: 0
failCgroupV1: false
failSwapOn: false
cgroupDriver: cgroupfs
cgroupRoot: ${CGROUP}
containerRuntimeEndpoint: ${endpoint}
staticPodPath: ${root}/manifests
podLogsDir: ${root}/pod-logs
resolvConf: /etc/resolv.conf
clusterDomain: cluster.local
clusterDNS: [10.95.0.10]
${serving}
`,
  );
  const kubeconfig = join(root, 'kubelet.kubeconfig');
  if (bootstraps) writeFileSync(join(root, 'bootstrap.kubeconfig'), bootstrapKubeconfig(apiPort, join(data, 'pki', 'ca.crt')));
  return startProgram(join(bin, 'kubelet'), [
    `--config=${config}`,
    `--root-dir=${root}/kubelet`,
    `--cert-dir=${root}/certificates`,
    `--hostname-override=${NODE}`,
    `--node-ip=${nodeIP}`,
    '--v=2',
    ...(bootstraps
      ? [`--bootstrap-kubeconfig=${root}/bootstrap.kubeconfig`, `--kubeconfig=${kubeconfig}`]
      : [`--kubeconfig=${data}/kubelet.kubeconfig`]),
  ]);
}

const bootstrapKubeconfig = (port: number, ca: string): string => `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:${port}", certificate-authority: ${ca}}}]
users: [{name: u, user: {token: ${TOKEN.id}.${TOKEN.secret}}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`;

/** What an administrator does before nodes may join: a token, and leave to ask. */
async function permitBootstrap(
  send: (object: unknown, ...args: string[]) => Promise<string>,
  ok: (...args: string[]) => Promise<string>,
): Promise<void> {
  const data = { 'token-id': TOKEN.id, 'token-secret': TOKEN.secret, 'usage-bootstrap-authentication': 'true' };
  const metadata = { name: `bootstrap-token-${TOKEN.id}`, namespace: 'kube-system' };
  await send({ apiVersion: 'v1', kind: 'Secret', type: 'bootstrap.kubernetes.io/token', metadata, stringData: data }, 'apply', '-f', '-');
  const bind = (name: string, role: string, group: string): Promise<string> =>
    ok('create', 'clusterrolebinding', name, `--clusterrole=${role}`, `--group=${group}`);
  await bind('bootstrap', 'system:node-bootstrapper', BOOTSTRAPPERS);
  await bind('approve-first', 'system:certificates.k8s.io:certificatesigningrequests:nodeclient', BOOTSTRAPPERS);
  await bind('approve-next', 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient', 'system:nodes');
}

async function checkBootstrap(
  { check }: Report,
  { ok, run, root }: Pick<ReturnType<typeof kubectlOf>, 'ok' | 'run'> & { readonly root: string },
): Promise<void> {
  const requests = async (): Promise<string[][]> =>
    (await run('get', 'csr', '--no-headers')).stdout.split('\n').flatMap((line) => (line === '' ? [] : [line.split(/ +/)]));
  const of = async (signer: string): Promise<string[] | undefined> => (await requests()).find((row) => row[2] === signer);
  await check('its request for a client certificate is approved and signed', async () => {
    const row = await until('it', async () => {
      const found = await of('kubernetes.io/kube-apiserver-client-kubelet');
      return found?.at(-1) === 'Approved,Issued' && found;
    });
    expectText(row.join(' '), `system:bootstrap:${TOKEN.id}`);
  });
  await check('it keeps the certificate and asks for one to serve with, which waits for somebody', async () => {
    const row = await until('the second request', () => of('kubernetes.io/kubelet-serving'), 60_000);
    expectText(row.join(' '), `system:node:${NODE}`);
    if (row.at(-1) !== 'Pending') throw new Error(row.join(' '));
    await ok('certificate', 'approve', row[0] ?? '');
    await until('the certificate', async () => (await of('kubernetes.io/kubelet-serving'))?.at(-1) === 'Approved,Issued');
    await until('the file', () => readFileSync(join(root, 'certificates', 'kubelet-server-current.pem'), 'utf8').includes('CERTIFICATE'));
  });
}

/** What the audit log says of requests of the node that were denied or not understood. */
function refusals(path: string): string[] {
  interface Entry {
    readonly user: { readonly username: string };
    readonly verb: string;
    readonly requestURI: string;
    readonly responseStatus?: { readonly code: number };
  }
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  const entries = lines.map((line) => JSON.parse(line) as Entry);
  // 404: what was deleted meanwhile; 409: another was faster. Both are part of every day.
  const bad = entries.filter(
    ({ user, responseStatus: { code = 200 } = {} }) => user.username.startsWith('system:node') && code >= 400 && ![404, 409].includes(code),
  );
  return [...new Set(bad.map(({ verb, requestURI, responseStatus }) => `${responseStatus?.code} ${verb} ${requestURI}`))];
}

/** kube-apiserver and its like refuse to proxy to a loopback address. */
function machineAddress(): string {
  const found = Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    /^(cni|nodelet|veth|lo)/.test(name) ? [] : (addresses ?? []).filter(({ family, internal }) => family === 'IPv4' && !internal),
  );
  const [first] = found;
  if (first === undefined) throw new Error('this machine has no address but 127.0.0.1');
  return first.address;
}

function mountsBelow(root: string): string[] {
  const targets = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '');
  return targets.filter((target) => target.startsWith(`${root}/`)).toReversed();
}

/** Removes what the kubelet left running in the runtime that was lent to it. */
async function removeSandboxes(endpoint: string): Promise<void> {
  const ctr = (...args: string[]): ReturnType<typeof runProgram> =>
    runProgram('ctr', ['-a', endpoint.replace('unix://', ''), '-n', 'k8s.io', ...args]);
  for (const id of (await ctr('containers', 'ls', '-q')).stdout.split('\n').filter((line) => line !== '')) {
    await ctr('tasks', 'rm', '-f', id);
    await ctr('containers', 'rm', id);
  }
}
