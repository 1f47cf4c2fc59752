/** Kubelets to measure: the real one behind `--peer`, nodelet's under the same API server, and `nodelet up`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { resources } from '../src/api/resources.ts';
import type { KubeClient } from '../src/client/kube-client.ts';
import { loadKubeconfig } from '../src/client/kubeconfig.ts';
import { createKubeClient } from '../src/client/rest-client.ts';
import { makeCgroup } from '../test/peer/cgroups.ts';
import { kubeconfigOf, unmountBelow } from '../test/peer/machine.ts';
import { writeBusyboxImage } from '../test/support/busybox-image.ts';
import { freePorts } from '../test/support/free-port.ts';
import { startTestNode } from '../test/support/node.ts';
import { PROGRAM, runProgram, startProgram } from '../test/support/program.ts';
import { until } from '../test/support/until.ts';
import { option } from './lib.ts';

const IMAGE = 'docker.io/library/busybox:1.36';
const POD_CIDR = '10.99.252.0/23';
const BRIDGE = 'nodelet0a63fc';
const NODE_NAME = 'bench-nodelet';

export interface Place {
  readonly name: string;
  /** URL of the kubelet. */
  readonly base: string;
  /** PEM of the client whom it obeys. */
  readonly tls: { readonly cert: string; readonly key: string };
  readonly client: KubeClient;
  readonly node: string;
  readonly image: string;
  /** A kubeconfig for kubectl. */
  readonly kubeconfig: string;
  /** Undefined when nobody said what the kubelet's process is. */
  readonly pid: number | undefined;
  destroy(): Promise<void>;
}

/** What `--peer` and its companions say; undefined without. */
export interface Peer {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
  readonly port: number;
}

export function peerOption(): Peer | undefined {
  const server = option('peer');
  if (server === undefined) return undefined;
  const file = (name: string): string => resolve(option(name) ?? '');
  return { certFile: file('peer-cert'), keyFile: file('peer-key'), caFile: file('peer-ca'), port: Number(new URL(server).port) };
}

function peerClient({ port, certFile, keyFile }: Peer): { client: KubeClient; tls: Place['tls'] } {
  const tls = { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  return { tls, client: createKubeClient({ server: `https://127.0.0.1:${port}`, ...tls, insecureSkipVerify: true }) };
}

async function addressOf(client: KubeClient, name: string): Promise<{ address: string; port: number }> {
  return until(`the address of node ${name}`, async () => {
    const { status } = await client.get(resources.nodes, name);
    const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
    const port = status?.daemonEndpoints?.kubeletEndpoint?.Port;
    const ready = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True');
    return ready === true && address !== undefined && port !== undefined && { address, port };
  });
}

/** The real kubelet: node `--peer-node`, process `--peer-pid`. */
export async function realPlace(peer: Peer): Promise<Place> {
  const root = mkdtempSync(join(tmpdir(), 'nodelet-bench-'));
  const kubeconfig = join(root, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigOf(peer.port, peer.caFile, peer));
  const { client, tls } = peerClient(peer);
  const node = option('peer-node') ?? 'real-node';
  const { address, port } = await addressOf(client, node);
  const pid = option('peer-pid');
  return {
    name: 'real',
    base: `https://${address}:${port}`,
    tls,
    client,
    node,
    image: option('peer-image') ?? IMAGE,
    kubeconfig,
    pid: pid === undefined ? undefined : Number(pid),
    destroy: () => {
      client.close();
      rmSync(root, { recursive: true, force: true });
      return Promise.resolve();
    },
  };
}

/** nodelet's kubelet, joined to the real API server beside the real kubelet. */
export async function joinedPlace(peer: Peer, beside: Place): Promise<Place> {
  const root = mkdtempSync(join(tmpdir(), 'nodelet-bench-'));
  const [port = 0] = await freePorts(1);
  const cgroup = `/nodelet-bench-${port}`;
  const removeCgroup = await makeCgroup(cgroup);
  const config = join(root, 'kubelet.yaml');
  writeFileSync(
    config,
    `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: ${peer.caFile}}}
authorization: {mode: Webhook}
cgroupRoot: ${cgroup}
podLogsDir: ${root}/pod-logs
maxPods: 500
tlsCertFile: ${peer.certFile}
tlsPrivateKeyFile: ${peer.keyFile}
`,
  );
  await loadBusybox(join(root, 'kubelet'), root);
  const args = [
    PROGRAM,
    'kubelet',
    '--runtime=process',
    `--config=${config}`,
    `--kubeconfig=${beside.kubeconfig}`,
    `--root-dir=${root}/kubelet`,
    `--cert-dir=${root}/certificates`,
    `--container-logs-dir=${root}/containers`,
    `--hostname-override=${NODE_NAME}`,
    `--node-ip=${new URL(beside.base).hostname}`,
    `--pod-cidr=${POD_CIDR}`,
    `--port=${port}`,
    '--healthz-port=0',
  ];
  // As the real one has: sharing its session with this program, it would share its part of the CPU too.
  const program = startProgram(process.execPath, args, { ownSession: true });
  const { client, tls } = peerClient(peer);
  const { address } = await addressOf(client, NODE_NAME);
  return {
    name: 'nodelet',
    base: `https://${address}:${port}`,
    tls,
    client,
    node: NODE_NAME,
    image: IMAGE,
    kubeconfig: beside.kubeconfig,
    pid: program.pid,
    async destroy() {
      program.kill('SIGTERM');
      await program.ended;
      await client.delete(resources.nodes, NODE_NAME).catch(() => undefined);
      client.close();
      await runProgram('ip', ['link', 'del', BRIDGE]);
      await unmountBelow(root);
      await removeCgroup();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** `nodelet up`: both halves in one process. */
export async function upPlace(): Promise<Place> {
  const node = await startTestNode(['--runtime=process', '--max-pods=500', `--pod-cidr=${POD_CIDR}`], { ownSession: true });
  await loadBusybox(node.dataDir, node.dataDir);
  const connection = await loadKubeconfig(join(node.dataDir, 'kubeconfig'));
  const client = createKubeClient(connection);
  return {
    name: 'up',
    base: `https://127.0.0.1:${node.kubeletPort}`,
    tls: { cert: connection.cert ?? '', key: connection.key ?? '' },
    client,
    node: node.nodeName,
    image: IMAGE,
    kubeconfig: join(node.dataDir, 'kubeconfig'),
    pid: node.pid(),
    async destroy() {
      client.close();
      await node.destroy();
    },
  };
}

async function loadBusybox(dataDir: string, root: string): Promise<void> {
  const file = join(root, 'busybox.tar');
  writeBusyboxImage(file);
  const { code, stderr } = await runProgram(process.execPath, [PROGRAM, 'image', 'load', file, `--data-dir=${dataDir}`]);
  if (code !== 0) throw new Error(`image load: ${stderr}`);
}
