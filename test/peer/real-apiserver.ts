/** nodelet's kubelet under the real kube-apiserver, controller manager and scheduler. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../support/free-port.ts';
import { PROGRAM, runProgram, startProgram, type RunningProgram } from '../support/program.ts';
import { approveServing, awaitClientCertificate, permitBootstrap, TOKEN, type Way } from './bootstrap.ts';
import { makeCgroup } from './cgroups.ts';
import { complaints } from './complaints.ts';
import { kubeconfigOf, machineAddress, unmountBelow } from './machine.ts';
import { checkNode, kubectlOf } from './node-checks.ts';
import { startRealCluster, type RealCluster } from './real-cluster.ts';
import { createReport, type Report } from './report.ts';

export interface RealApiServerOptions {
  readonly bin: string;
  readonly kubectl: string;
  readonly how: readonly Way[];
  /** Leave everything where it is, for a look. */
  readonly keep: boolean;
}

const NODE = 'peer-nodelet-kubelet';
const CGROUP = '/nodelet-peer-kubelet';
const POD_CIDR = '10.99.251.0/24';
const BRIDGE = 'nodelet0a63fb';

/** Runs the checks both ways: with a certificate, and from a bootstrap token; how many failed. */
export async function checkRealApiServer(options: RealApiServerOptions): Promise<number> {
  let failed = 0;
  for (const how of options.how) {
    const report = createReport(`real kube-apiserver, ${how}`);
    await withKubelet(options, how, report);
    failed += report.failed();
  }
  return failed;
}

async function withKubelet({ bin, kubectl: program, keep }: RealApiServerOptions, how: Way, report: Report): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'nodelet-peer-apiserver-'));
  const address = machineAddress();
  const [port = 0] = await freePorts(1);
  const removeCgroup = await makeCgroup(CGROUP);
  const cluster = await startRealCluster({ bin, kubectl: program, root, nodeName: NODE, address });
  const kubectl = { program, env: { ...process.env, KUBECONFIG: cluster.kubeconfig } };
  const commands = kubectlOf(kubectl);
  let kubelet: RunningProgram | undefined;
  try {
    await commands.ok(
      'create',
      'clusterrolebinding',
      'kubelet-api',
      '--clusterrole=system:kubelet-api-admin',
      '--user=kube-apiserver-kubelet-client',
    );
    const bootstraps = how === 'bootstrap';
    if (bootstraps) await permitBootstrap(commands);
    kubelet = startKubelet(cluster, { root, port, address, bootstraps });
    if (bootstraps) {
      await awaitClientCertificate(report, commands);
      await approveServing(report, commands, { nodeName: NODE, file: join(root, 'certificates', 'kubelet-server-current.pem') });
    }
    await checkNode({ kubectl, nodeName: NODE, image: 'host' }, report);
    await checkAccess(report, cluster, { port, address });
    await report.check('kube-apiserver has no complaint about it', () =>
      none(complaints(cluster.log('apiserver')).filter((line) => /kubelet|nodelet|system:node/i.test(line))),
    );
    await report.check('it has no complaint about kube-apiserver', () => none(warnings(kubelet?.stderr() ?? '')));
  } finally {
    kubelet?.kill('SIGTERM');
    await kubelet?.ended;
    if (keep) {
      writeFileSync(join(root, 'kubelet.log'), kubelet?.stderr() ?? '');
      writeFileSync(join(root, 'apiserver.log'), cluster.log('apiserver'));
      process.stdout.write(`kept: ${root}\n`);
    }
    await cluster.stop();
    await runProgram('ip', ['link', 'del', BRIDGE]);
    await unmountBelow(root);
    if (!keep) rmSync(root, { recursive: true, force: true });
    await removeCgroup();
  }
}

interface Places {
  readonly root: string;
  readonly port: number;
  readonly address: string;
  readonly bootstraps: boolean;
}

function startKubelet({ pki, apiPort }: RealCluster, { root, port, address, bootstraps }: Places): RunningProgram {
  const serving = bootstraps
    ? 'serverTLSBootstrap: true\nrotateCertificates: true'
    : `tlsCertFile: ${pki.kubelet.certFile}\ntlsPrivateKeyFile: ${pki.kubelet.keyFile}`;
  writeFileSync(
    join(root, 'kubelet.yaml'),
    `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: ${pki.ca.certFile}}}
authorization: {mode: Webhook}
cgroupRoot: ${CGROUP}
podLogsDir: ${root}/pod-logs
clusterDomain: cluster.local
${serving}
`,
  );
  const user = bootstraps ? { token: `${TOKEN.id}.${TOKEN.secret}` } : pki.kubeletClient;
  const credentials = join(root, bootstraps ? 'bootstrap.kubeconfig' : 'kubelet.kubeconfig');
  writeFileSync(credentials, kubeconfigOf(apiPort, pki.ca.certFile, user));
  return startProgram(process.execPath, [
    PROGRAM,
    'kubelet',
    '--runtime=process',
    `--config=${root}/kubelet.yaml`,
    `--kubeconfig=${root}/kubelet.kubeconfig`,
    ...(bootstraps ? [`--bootstrap-kubeconfig=${credentials}`] : []),
    `--root-dir=${root}/kubelet`,
    `--cert-dir=${root}/certificates`,
    `--container-logs-dir=${root}/containers`,
    `--hostname-override=${NODE}`,
    `--node-ip=${address}`,
    `--pod-cidr=${POD_CIDR}`,
    `--port=${port}`,
    '--healthz-port=0',
    '--v=2',
  ]);
}

/** Whom the kubelet lets in is for the real API server to say. */
async function checkAccess({ check }: Report, { pki }: RealCluster, { port, address }: Pick<Places, 'port' | 'address'>): Promise<void> {
  const ca = readFileSync(pki.ca.certFile);
  const status = (user: { readonly cert: string; readonly key: string } | undefined): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const asked = request(
        { host: address, port, path: '/pods', ca, ...user, agent: false, checkServerIdentity: () => undefined },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      asked.on('error', reject).end();
    });
  for (const [who, pair, expected] of [
    ['the API server’s certificate', pki.apiserverKubeletClient, 200],
    ['an administrator', pki.admin, 200],
    ['the scheduler', pki.scheduler, 403],
    ['nobody', undefined, 401],
  ] as const)
    await check(`its own port answers ${expected} to ${who}`, async () => {
      const got = await status(pair && { cert: pair.cert, key: pair.key });
      if (got !== expected) throw new Error(`it was ${got}`);
    });
}

/** Warnings and errors of nodelet's log. */
function warnings(log: string): string[] {
  return [
    ...new Set(
      log
        .split('\n')
        .filter((line) => /^[EW]\d{4} /.test(line))
        .map((line) => line.replace(/^\S+ \S+ +\d* */, '')),
    ),
  ];
}

function none(found: readonly string[]): Promise<void> {
  return found.length === 0 ? Promise.resolve() : Promise.reject(new Error(found.slice(0, 40).join('\n')));
}
