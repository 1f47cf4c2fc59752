/** One half alone: the kubelet on manifests, the API server without a node; and both, joined by a kubeconfig. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { claimNumber, type Claim } from '../support/claim.ts';
import { freePorts } from '../support/free-port.ts';
import { testThatNeeds } from '../support/need.ts';
import { FOREVER, podOf } from '../support/pods.ts';
import { nodelet, PROGRAM, runProgram, startProgram, type Result, type RunningProgram } from '../support/program.ts';
import { missingForNodes } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const reason = missingForNodes('curl');
const test = testThatNeeds(reason);
let directory = '';
let slot: Claim;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'nodelet-halves-'));
  slot = await claimNumber('half', 50);
});
afterAll(async () => {
  await slot.release();
  rmSync(directory, { recursive: true, force: true });
});

const startNodelet = (...args: string[]): RunningProgram => startProgram(process.execPath, [PROGRAM, ...args]);

test('nodelet apiserver alone answers kubectl, stores, and stops cleanly', async () => {
  const dataDir = join(directory, 'api');
  const [port = 0] = await freePorts(1);
  const server = startNodelet('apiserver', `--data-dir=${dataDir}`, `--secure-port=${port}`, '--bind-address=127.0.0.1');
  const kubectl = (...args: string[]): Promise<Result> => runProgram('kubectl', [`--kubeconfig=${dataDir}/kubeconfig`, ...args]);
  try {
    await until('its line', () => server.stdout().includes(`nodelet apiserver listens on https://127.0.0.1:${port}`));
    await until('an answer', async () => (await kubectl('get', 'namespaces', '-o', 'name')).stdout.includes('namespace/default'));
    expect((await kubectl('create', 'configmap', 'kept', '--from-literal=a=b')).stdout).toBe('configmap/kept created\n');
    expect((await kubectl('get', 'nodes')).stderr).toBe('No resources found\n');
  } finally {
    server.kill('SIGTERM');
  }
  expect(await server.ended).toBe(0);
});

test('nodelet kubelet alone runs the pods of a manifest directory, serves them, and follows the directory', async () => {
  const node = kubeletPlaces('alone');
  const manifests = join(directory, 'manifests');
  mkdirSync(manifests);
  writeFileSync(join(manifests, 'web.json'), JSON.stringify(podOf('web', `echo static; ${FOREVER}`)));
  const [port = 0, readOnly = 0] = await freePorts(2);
  const kubelet = startNodelet(
    'kubelet',
    ...node.flags,
    `--pod-manifest-path=${manifests}`,
    '--file-check-frequency=1s',
    `--port=${port}`,
    `--read-only-port=${readOnly}`,
  );
  const get = async (path: string): Promise<string> => (await runProgram('curl', ['-sk', `https://127.0.0.1:${port}${path}`])).stdout;
  try {
    const name = `web-${node.name}`;
    const running = async (): Promise<boolean> =>
      /"phase":"Running"/.test((await runProgram('curl', ['-s', `http://127.0.0.1:${readOnly}/pods`])).stdout);
    await until('the pod', running).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${kubelet.stderr()}`);
    });
    expect(await get('/healthz')).toBe('ok');
    await until('its log', async () => (await get(`/containerLogs/default/${name}/c`)) === 'static\n');
    writeFileSync(join(manifests, 'broken.yaml'), 'not: [a pod');
    rmSync(join(manifests, 'web.json'));
    await until(
      'the pod to go',
      async () =>
        (await runProgram('curl', ['-s', `http://127.0.0.1:${readOnly}/pods`])).stdout.includes('"items":[]') || !(await running()),
    );
    kubelet.kill('SIGTERM');
    expect(await kubelet.ended).toBe(0);
    expect(kubelet.stderr()).toContain('broken.yaml');
  } finally {
    kubelet.kill('SIGKILL');
    await kubelet.ended;
    await node.cleanUp();
  }
});

test('nodelet kubelet joins an API server by its kubeconfig', async () => {
  const dataDir = join(directory, 'joined');
  const node = kubeletPlaces('member');
  const [apiPort = 0, port = 0] = await freePorts(2);
  const server = startNodelet(
    'apiserver',
    `--data-dir=${dataDir}`,
    `--secure-port=${apiPort}`,
    '--bind-address=127.0.0.1',
    '--kubelet-preferred-address-types=InternalIP',
  );
  await until('the API server', () => server.stdout().includes('listens on'));
  const config = join(directory, 'kubelet.yaml');
  writeFileSync(
    config,
    `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {x509: {clientCAFile: ${dataDir}/pki/ca.crt}}
podLogsDir: ${directory}/member/pod-logs
`,
  );
  const kubelet = startNodelet('kubelet', ...node.flags, `--config=${config}`, `--kubeconfig=${dataDir}/kubeconfig`, `--port=${port}`);
  const kubectl = (...args: string[]): Promise<Result> => runProgram('kubectl', [`--kubeconfig=${dataDir}/kubeconfig`, ...args]);
  try {
    await until('the node', async () => / Ready /.test((await kubectl('get', 'node', node.name, '--no-headers')).stdout)).catch(
      (error: unknown) => {
        throw new Error(`${String(error)}: ${kubelet.stderr()}`);
      },
    );
    const pod = podOf('direct', `echo joined; ${FOREVER}`, {}, { nodeName: node.name, automountServiceAccountToken: false });
    await kubectl('create', 'serviceaccount', 'default');
    const applied = await runProgram('kubectl', [`--kubeconfig=${dataDir}/kubeconfig`, 'apply', '-f', '-'], { input: JSON.stringify(pod) });
    expect(applied.stderr).toBe('');
    await until('its log', async () => (await kubectl('logs', 'direct')).stdout === 'joined\n');
    expect((await kubectl('delete', 'pod', 'direct')).code).toBe(0);
  } finally {
    kubelet.kill('SIGTERM');
    server.kill('SIGTERM');
    await Promise.all([kubelet.ended, server.ended]);
    await node.cleanUp();
  }
});

test('a kubelet that cannot start says why in one line', async () => {
  const bad = join(directory, 'bad.yaml');
  writeFileSync(bad, 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nmaxPodz: 3\n');
  for (const [flag, said] of [
    [`--config=${bad}`, 'maxPodz'],
    ['--config=/does/not/exist', '/does/not/exist'],
    ['--kubeconfig=/does/not/exist', '/does/not/exist'],
    ['--max-pods=many', 'max-pods'],
  ] as const) {
    const { code, stderr } = await nodelet('kubelet', ...kubeletPlaces('never').flags, flag);
    expect([flag, code]).toEqual([flag, 1]);
    expect(stderr.split('\n').filter((line) => line.startsWith('nodelet: '))).toEqual([expect.stringContaining(said)]);
    expect(stderr).not.toMatch(/^ +at /m);
  }
});

/** A kubelet whose places are all below the test's directory. */
function kubeletPlaces(name: string): { name: string; flags: string[]; cleanUp: () => Promise<void> } {
  const root = join(directory, name);
  const podCIDR = `10.99.${slot.number}.0/24`;
  const nodeName = `half-${slot.number}-${name}`;
  return {
    name: nodeName,
    flags: [
      `--root-dir=${root}/kubelet`,
      `--cert-dir=${root}/pki`,
      `--container-logs-dir=${root}/containers`,
      `--hostname-override=${nodeName}`,
      `--pod-cidr=${podCIDR}`,
      `--cgroup-root=/nodelet-half-${slot.number}`,
      '--healthz-port=0',
    ],
    cleanUp: async () => {
      // \`nodelet down\` is for what \`up\` made; here the pods were removed by their kubelet.
      const bridge = `nodelet${[10, 99, slot.number].map((part) => part.toString(16).padStart(2, '0')).join('')}`;
      await runProgram('ip', ['link', 'del', bridge]);
      const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .map((line) => line.split(' ')[4] ?? '')
        .filter((target) => target.startsWith(root));
      for (const target of mounts.toReversed()) await runProgram('umount', ['-l', target]);
      await runProgram('sh', [
        '-c',
        `find /sys/fs/cgroup -maxdepth 2 -name "$1" | while read -r top; do find "$top" -depth -type d -exec rmdir {} \\;; done`,
        'sh',
        `nodelet-half-${slot.number}`,
      ]);
    },
  };
}
