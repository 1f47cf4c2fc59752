/** The real kubelet under nodelet's API server and controllers: with a certificate, and from a bootstrap token. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../support/free-port.ts';
import { nodelet, PROGRAM, runProgram, startProgram, type RunningProgram } from '../support/program.ts';
import { until } from '../support/until.ts';
import { approveServing, awaitClientCertificate, permitBootstrap, TOKEN, type Way } from './bootstrap.ts';
import { makeCgroup } from './cgroups.ts';
import { complaints } from './complaints.ts';
import { kubeconfigOf, machineAddress, unmountBelow } from './machine.ts';
import { checkNode, kubectlOf } from './node-checks.ts';
import { createReport, type Report } from './report.ts';

export interface RealKubeletOptions {
  /** The folder of `kubelet` and, if it is there, `kubectl`. */
  readonly bin: string;
  /** `unix://…` of a container runtime that no other kubelet uses, with images `image` and pause. */
  readonly endpoint: string;
  readonly image: string;
  readonly kubectl: string;
  readonly how: readonly Way[];
  /** Leave everything where it is, for a look. */
  readonly keep: boolean;
}

const NODE = 'peer-real-kubelet';
const CGROUP = '/nodelet-peer';

/** Runs the checks both ways; how many failed. */
export async function checkRealKubelet(options: RealKubeletOptions): Promise<number> {
  let failed = 0;
  for (const how of options.how) {
    const report = createReport(`real kubelet, ${how}`);
    await withCluster(options, how, report);
    failed += report.failed();
  }
  return failed;
}

async function withCluster(options: RealKubeletOptions, how: Way, report: Report): Promise<void> {
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
  const commands = kubectlOf(kubectl);
  try {
    await until('nodelet', () => up.stdout().includes('nodelet is up'), 120_000).catch(() => {
      throw new Error(`nodelet up: ${up.stderr()}${up.stdout()}`);
    });
    const bootstraps = how === 'bootstrap';
    if (bootstraps) await permitBootstrap(commands);
    kubelet = startKubelet(options, { root, data, port, nodeIP, apiPort, bootstraps });
    if (bootstraps) {
      await awaitClientCertificate(report, commands);
      await approveServing(report, commands, { nodeName: NODE, file: join(root, 'certificates', 'kubelet-server-current.pem') });
    }
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
      await unmountBelow(root);
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
  if (bootstraps)
    writeFileSync(
      join(root, 'bootstrap.kubeconfig'),
      kubeconfigOf(apiPort, join(data, 'pki', 'ca.crt'), { token: `${TOKEN.id}.${TOKEN.secret}` }),
    );
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

/** Removes what the kubelet left running in the runtime that was lent to it. */
async function removeSandboxes(endpoint: string): Promise<void> {
  const ctr = (...args: string[]): ReturnType<typeof runProgram> =>
    runProgram('ctr', ['-a', endpoint.replace('unix://', ''), '-n', 'k8s.io', ...args]);
  for (const id of (await ctr('containers', 'ls', '-q')).stdout.split('\n').filter((line) => line !== '')) {
    await ctr('tasks', 'rm', '-f', id);
    await ctr('containers', 'rm', id);
  }
}
