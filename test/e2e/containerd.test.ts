/** Pods on a real containerd: what kubectl sees of them, and what a crash of either side does to them. */
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { afterAll, beforeAll, expect } from 'vitest';
import { startContainerd, type TestContainerd } from '../support/containerd.ts';
import { testThatNeeds } from '../support/need.ts';
import { startTestNode, type TestNode } from '../support/node.ts';
import { FOREVER, podOf, runToEnd, runUntilReady, valueOf } from '../support/pods.ts';
import { startProgram, type RunningProgram } from '../support/program.ts';
import { missingForNodes } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const reason = missingForNodes('containerd', 'ctr', 'runc', 'busybox', 'script', 'iptables');
const test = testThatNeeds(reason);

let containerd: TestContainerd;
let node: TestNode;

beforeAll(async () => {
  if (reason !== undefined) return;
  containerd = await startContainerd();
  node = await startTestNode([`--container-runtime-endpoint=${containerd.endpoint}`]);
});
afterAll(async () => {
  await node?.destroy();
  await containerd?.destroy();
});

const IMAGE = { image: 'busybox:1.36' };

test('a pod runs in a container, with its log, its address and its cgroup', async () => {
  await runUntilReady(node, podOf('web', `echo hello; mkdir /srv; echo page > /srv/x; httpd -p 8080 -h /srv; ${FOREVER}`, IMAGE));
  expect(await node.ok('logs', 'web')).toBe('hello\n');
  expect(await valueOf(node, 'pod/web', '.status.containerStatuses[0].containerID')).toMatch(/^containerd:\/\/[0-9a-f]{64}$/);
  expect(await valueOf(node, 'pod/web', '.status.containerStatuses[0].image')).toBe('docker.io/library/busybox:1.36');
  expect(await valueOf(node, 'pod/web', '.status.podIP')).toMatch(/^10\.96\.\d+\.\d+$/);
  expect(await valueOf(node, 'node', '.items[0].status.nodeInfo.containerRuntimeVersion')).toMatch(/^containerd:\/\/\d/);
  const uid = await valueOf(node, 'pod/web', '.metadata.uid');
  expect(await node.ok('exec', 'web', '--', 'cat', '/proc/1/cgroup')).toContain(`${node.cgroupRoot}/kubepods/besteffort/pod${uid}/`);
});

test('a pod has a cgroup with its limits, and none when it is gone', async () => {
  const resources = { requests: { cpu: '100m', memory: '16Mi' }, limits: { cpu: '200m', memory: '32Mi' } };
  await runUntilReady(node, podOf('limited', FOREVER, { ...IMAGE, resources }));
  const uid = await valueOf(node, 'pod/limited', '.metadata.uid');
  expect(cgroupValue(`kubepods/burstable/pod${uid}`, 'memory.limit_in_bytes', 'memory.max')).toBe(String(32 << 20));
  await node.ok('delete', 'pod', 'limited');
  await until(
    'its cgroup to be gone',
    () => cgroupValue(`kubepods/burstable/pod${uid}`, 'memory.limit_in_bytes', 'memory.max') === undefined,
  );
});

test('how a container ended is told: its code, its last words, why it could not start', async () => {
  expect(await runToEnd(node, podOf('ends', 'echo out; printf last > /dev/termination-log; exit 3', IMAGE))).toBe('out\n');
  expect(await valueOf(node, 'pod/ends', '.status.containerStatuses[0].state.terminated.exitCode')).toBe('3');
  expect(await valueOf(node, 'pod/ends', '.status.containerStatuses[0].state.terminated.message')).toBe('last');
  await runToEnd(node, podOf('nothing', '', { ...IMAGE, command: ['/nosuch'] })).catch(() => '');
  expect(await valueOf(node, 'pod/nothing', '.status.containerStatuses[0].state.terminated.reason')).toBe('StartError');
});

test('kubectl exec runs a command, with input, with a terminal, and gives its exit code', async () => {
  expect(await node.ok('exec', 'web', '--', 'cat', '/srv/x')).toBe('page\n');
  expect((await node.kubectlWith('typed', 'exec', '-i', 'web', '--', 'cat')).stdout).toBe('typed');
  expect((await node.kubectl('exec', 'web', '--', 'sh', '-c', 'exit 7')).code).toBe(7);
  const big = 'x'.repeat(1 << 20);
  expect((await node.kubectlWith(big, 'exec', '-i', 'web', '--', 'wc', '-c')).stdout.trim()).toBe(String(1 << 20));
});

test('kubectl exec and attach have a real terminal, of the size of the user’s', async () => {
  // The size arrives just after the start.
  const shell = 'until stty size | grep -q "31 97"; do sleep 0.1; done; tty; read line; echo "got $line"; exit 5';
  const exec = withTerminal(`stty cols 97 rows 31; kubectl exec -it web -- sh -c '${shell}'`);
  await until('the size', () => exec.stdout().includes('/dev/pts/'));
  exec.write('typed\r');
  expect(await exec.ended).toBe(5);
  // The terminal of the container echoes what is typed.
  expect(exec.stdout()).toMatch(/typed\r\n.*got typed/s);

  await runUntilReady(node, podOf('terminal', 'exec sh', { ...IMAGE, stdin: true, tty: true }));
  const attach = withTerminal('stty cols 88 rows 22; kubectl attach -it terminal');
  await until('the size to arrive', () => {
    attach.write('stty size\r');
    return attach.stdout().includes('22 88');
  });
  attach.write('exit 0\r');
  await attach.ended;
  await until(
    'the shell to be started again',
    async () => (await valueOf(node, 'pod/terminal', '.status.containerStatuses[0].restartCount')) !== '0',
  );
});

test('kubectl attach reads and writes the first process', async () => {
  const pod = podOf('echoes', 'while read line; do echo "got $line"; done', { ...IMAGE, stdin: true });
  await runUntilReady(node, pod);
  const attached = node.kubectlBeside('attach', '-i', 'echoes');
  await until('an echo', () => {
    attached.write('words\n');
    return attached.stdout().includes('got words');
  });
  attached.kill('SIGTERM');
  await attached.ended;
});

test('kubectl port-forward reaches a port of the pod', async () => {
  const forward = node.kubectlBeside('port-forward', 'pod/web', ':8080');
  const port = await until('the forwarding', () => /Forwarding from 127\.0\.0\.1:(\d+)/.exec(forward.stdout())?.[1]);
  expect(await httpGet(Number(port), '/x')).toBe('page\n');
  forward.kill('SIGTERM');
  await forward.ended;
});

test('kill -9 of nodelet leaves the containers alone, and the next start finds them', async () => {
  const before = containerd.running();
  const id = await valueOf(node, 'pod/web', '.status.containerStatuses[0].containerID');
  await node.kill('SIGKILL');
  expect(containerd.running()).toEqual(before);
  await node.start();
  expect(await node.ok('exec', 'web', '--', 'cat', '/srv/x')).toBe('page\n');
  expect(await valueOf(node, 'pod/web', '.status.containerStatuses[0].containerID')).toBe(id);
  expect(await valueOf(node, 'pod/web', '.status.containerStatuses[0].restartCount')).toBe('0');
});

test('kill -9 of containerd makes the node not ready, and its return makes all as it was', async () => {
  const id = await valueOf(node, 'pod/web', '.status.containerStatuses[0].containerID');
  await containerd.kill('SIGKILL');
  const ready = '.items[0].status.conditions[?(@.type=="Ready")]';
  await until('the node to say so', async () => (await valueOf(node, 'node', `${ready}.status`)) === 'False', 40_000);
  expect(await valueOf(node, 'node', `${ready}.message`)).toContain('container runtime is down');
  await containerd.start();
  await until('the node to be ready', async () => (await valueOf(node, 'node', `${ready}.status`)) === 'True', 40_000);
  expect(await node.ok('exec', 'web', '--', 'cat', '/srv/x')).toBe('page\n');
  expect(await valueOf(node, 'pod/web', '.status.containerStatuses[0].containerID')).toBe(id);
  expect(await valueOf(node, 'pod/web', '.status.containerStatuses[0].restartCount')).toBe('0');
  await runUntilReady(node, podOf('after', FOREVER, IMAGE));
  await node.kubectl('exec', 'after', '--', 'kill', '-TERM', '1');
  await until('the exit to be seen', async () => (await valueOf(node, 'pod/after', '.status.containerStatuses[0].restartCount')) === '1');
});

test('deleted pods leave nothing behind in containerd', async () => {
  await node.ok('delete', 'pod', '--all', '--grace-period=1');
  await until('everything to be gone', () => containerd.running().length === 0);
});

/** A shell command on a terminal of its own; exits as the command does. */
const withTerminal = (command: string): RunningProgram => startProgram('script', ['-qec', command, '/dev/null'], { env: node.env });

/** What a pod's cgroup says, by the file's name in either version; undefined when there is no such cgroup. */
function cgroupValue(path: string, v1: string, v2: string): string | undefined {
  const within = `${node.cgroupRoot.slice(1)}/${path}`;
  for (const file of [`memory/${within}/${v1}`, `${within}/${v2}`]) {
    try {
      return readFileSync(`/sys/fs/cgroup/${file}`, 'utf8').trim();
    } catch {
      continue;
    }
  }
  return undefined;
}

function httpGet(port: number, path: string): Promise<string> {
  return new Promise((ok, failed) => {
    get({ host: '127.0.0.1', port, path }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () => ok(body));
    }).on('error', failed);
  });
}
