/** A real Kubernetes without a kubelet: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, on ports of their own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePki, type Pki } from '../../src/auth/pki.ts';
import { systemHost } from '../../src/util/host.ts';
import { freePorts } from '../support/free-port.ts';
import { runProgram, startProgram, type RunningProgram } from '../support/program.ts';
import { until } from '../support/until.ts';
import { kubeconfigOf } from './machine.ts';

export interface RealCluster {
  readonly pki: Pki;
  readonly apiPort: number;
  /** Of an administrator. */
  readonly kubeconfig: string;
  /** What one of the programs has written. */
  readonly log: (name: 'apiserver' | 'controller-manager') => string;
  readonly stop: () => Promise<void>;
}

/** Starts them; `root` holds all that they keep. `etcd` is the one on the PATH. */
export async function startRealCluster(options: {
  readonly bin: string;
  readonly kubectl: string;
  readonly root: string;
  readonly nodeName: string;
  readonly address: string;
}): Promise<RealCluster> {
  const { bin, kubectl, root, nodeName, address } = options;
  const pki = await ensurePki(join(root, 'pki'), {
    hostnames: ['localhost', 'kubernetes', 'kubernetes.default.svc'],
    ips: ['127.0.0.1', address, '10.94.0.1'],
    nodeName,
    files: systemHost.files,
    now: Date.now(),
  });
  const [etcdPort = 0, peerPort = 0, apiPort = 0, managerPort = 0, schedulerPort = 0] = await freePorts(5);
  const kubeconfig = (name: string, user: { readonly certFile: string; readonly keyFile: string }): string => {
    const path = join(root, `${name}.kubeconfig`);
    writeFileSync(path, kubeconfigOf(apiPort, pki.ca.certFile, user));
    return path;
  };
  const admin = kubeconfig('admin', pki.admin);
  const running = new Map<string, RunningProgram>();
  const start = (name: string, program: string, ...flags: string[]): void => {
    running.set(name, startProgram(program, flags));
  };
  const stop = async (): Promise<void> => {
    for (const program of [...running.values()].toReversed()) {
      program.kill('SIGTERM');
      const timer = setTimeout(() => program.kill('SIGKILL'), 10_000);
      await program.ended.catch(() => undefined);
      clearTimeout(timer);
    }
  };
  start(
    'etcd',
    'etcd',
    `--data-dir=${root}/etcd`,
    `--listen-client-urls=http://127.0.0.1:${etcdPort}`,
    `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
  );
  start(
    'apiserver',
    join(bin, 'kube-apiserver'),
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    `--secure-port=${apiPort}`,
    '--bind-address=127.0.0.1',
    `--advertise-address=${address}`,
    `--tls-cert-file=${pki.apiserver.certFile}`,
    `--tls-private-key-file=${pki.apiserver.keyFile}`,
    `--client-ca-file=${pki.ca.certFile}`,
    `--kubelet-client-certificate=${pki.apiserverKubeletClient.certFile}`,
    `--kubelet-client-key=${pki.apiserverKubeletClient.keyFile}`,
    `--kubelet-certificate-authority=${pki.ca.certFile}`,
    '--kubelet-preferred-address-types=InternalIP',
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--enable-bootstrap-token-auth',
    '--service-cluster-ip-range=10.94.0.0/24',
    '--allow-privileged=true',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${pki.serviceAccount.pubFile}`,
    `--service-account-signing-key-file=${pki.serviceAccount.keyFile}`,
  );
  try {
    await until(
      'kube-apiserver',
      async () => (await runProgram(kubectl, [`--kubeconfig=${admin}`, 'get', '--raw', '/readyz'])).code === 0,
      90_000,
    );
  } catch (error) {
    await stop();
    throw new Error(`${String(error)}: ${running.get('apiserver')?.stderr().slice(-2_000) ?? ''}`, { cause: error });
  }
  start(
    'controller-manager',
    join(bin, 'kube-controller-manager'),
    `--kubeconfig=${kubeconfig('controller-manager', pki.controllerManager)}`,
    `--secure-port=${managerPort}`,
    '--bind-address=127.0.0.1',
    '--leader-elect=false',
    '--use-service-account-credentials',
    `--service-account-private-key-file=${pki.serviceAccount.keyFile}`,
    `--root-ca-file=${pki.ca.certFile}`,
    `--cluster-signing-cert-file=${pki.ca.certFile}`,
    `--cluster-signing-key-file=${pki.ca.keyFile}`,
  );
  start(
    'scheduler',
    join(bin, 'kube-scheduler'),
    `--kubeconfig=${kubeconfig('scheduler', pki.scheduler)}`,
    `--secure-port=${schedulerPort}`,
    '--bind-address=127.0.0.1',
    '--leader-elect=false',
  );
  return { pki, apiPort, kubeconfig: admin, log: (name) => running.get(name)?.stderr() ?? '', stop };
}
