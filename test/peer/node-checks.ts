/** What people do with a node and its pods, by kubectl, whoever serves the API and whoever runs the pods. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram, startProgram, type Result, type RunningProgram } from '../support/program.ts';
import { until } from '../support/until.ts';
import { expectText, type Report } from './report.ts';

export interface Kubectl {
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface NodeUnderTest {
  readonly kubectl: Kubectl;
  readonly nodeName: string;
  /** An image with a shell, busybox and tar. */
  readonly image: string;
}

const NAMESPACE = 'peer-check';
const POD = 'walker';
/** A first pull or a node's first pod takes its time on a busy machine. */
const POD_MS = 90_000;

export function kubectlOf({ program, env }: Kubectl): {
  readonly run: (...args: string[]) => Promise<Result>;
  readonly ok: (...args: string[]) => Promise<string>;
  readonly send: (object: unknown, ...args: string[]) => Promise<string>;
  readonly beside: (...args: string[]) => RunningProgram;
} {
  const must = (args: readonly string[], { code, stdout, stderr }: Result): string => {
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} exited with ${code}: ${stderr}${stdout}`);
    return stdout;
  };
  const run = (...args: string[]): Promise<Result> => runProgram(program, args, { env });
  return {
    run,
    ok: async (...args) => must(args, await run(...args)),
    send: async (object, ...args) => must(args, await runProgram(program, args, { env, input: JSON.stringify(object) })),
    beside: (...args) => startProgram(program, args, { env }),
  };
}

function walker(image: string, nodeName: string): unknown {
  const script = 'echo "begun with $(cat /config/key)"; trap "exit 0" TERM; i=0; while :; do echo "line $i"; i=$((i+1)); sleep 0.2; done';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: POD, namespace: NAMESPACE, labels: { app: POD } },
    spec: {
      terminationGracePeriodSeconds: 2,
      nodeSelector: { 'kubernetes.io/hostname': nodeName },
      containers: [
        {
          name: 'main',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['sh', '-c', script],
          volumeMounts: [{ name: 'config', mountPath: '/config' }],
          env: [{ name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
        },
        {
          name: 'web',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['sh', '-c', 'echo "served" > /tmp/page; exec busybox httpd -f -p 8080 -h /tmp'],
        },
        // Speaks when it is spoken to: for attach.
        {
          name: 'talker',
          image,
          imagePullPolicy: 'IfNotPresent',
          stdin: true,
          command: ['sh', '-c', 'while read -r line; do echo "heard $line"; done'],
        },
      ],
      volumes: [{ name: 'config', configMap: { name: 'config' } }],
    },
  };
}

/** Runs them all; what they make is in a namespace that is gone afterwards. */
export async function checkNode({ kubectl, nodeName, image }: NodeUnderTest, { check }: Report): Promise<void> {
  const { run, ok, send, beside } = kubectlOf(kubectl);
  const directory = mkdtempSync(join(tmpdir(), 'nodelet-peer-'));
  const inPod = ['-n', NAMESPACE, POD, '-c', 'main'];

  await check('the node is ready', () =>
    until('Ready', async () => / Ready /.test((await run('get', 'node', nodeName, '--no-headers')).stdout), 180_000).then(() => undefined),
  );
  await check('its Lease is renewed', async () => {
    const renewed = (): Promise<string> => ok('-n', 'kube-node-lease', 'get', 'lease', nodeName, '-o', 'jsonpath={.spec.renewTime}');
    const first = await until('a lease', renewed);
    await until('a renewal', async () => (await renewed()) !== first, 30_000);
  });
  await check('describe node shows capacity and conditions', async () => {
    const text = await ok('describe', 'node', nodeName);
    for (const part of [/Capacity:\s+cpu:/, /MemoryPressure +False/, /KubeletReady/]) expectText(text, part, 'describe');
  });
  await check('a pod with a token and a config map runs', async () => {
    await ok('create', 'namespace', NAMESPACE);
    await until('the service account', async () => (await run('-n', NAMESPACE, 'get', 'serviceaccount', 'default')).code === 0);
    await ok('-n', NAMESPACE, 'create', 'configmap', 'config', '--from-literal=key=value');
    await send(walker(image, nodeName), 'apply', '-f', '-');
    await ok('-n', NAMESPACE, 'wait', '--for=condition=Ready', `pod/${POD}`, `--timeout=${POD_MS / 1_000}s`).catch(
      async (error: unknown) => {
        throw new Error(`${String(error)}\n${(await run('-n', NAMESPACE, 'describe', 'pod', POD)).stdout}`);
      },
    );
  });
  await check('its status is what runs', async () => {
    const text = await ok('-n', NAMESPACE, 'get', 'pod', POD, '-o', 'wide', '--no-headers');
    expectText(text, new RegExp(`^${POD} +3/3 +Running +0 .* ${nodeName} `), 'get');
  });
  await check('logs', async () => expectText(await ok('logs', ...inPod), /^begun with value\nline 0\n/, 'log'));
  await check('logs -f', async () => {
    const following = beside('logs', '-f', '--tail=1', ...inPod);
    await until('several lines', () => following.stdout().split('\n').length > 5).finally(() => following.kill('SIGTERM'));
    await following.ended;
  });
  await check('exec', async () => expectText(await ok('exec', ...inPod, '--', 'sh', '-c', 'echo "on $NODE"'), `on ${nodeName}\n`));
  await check('exec with an exit code and both outputs', async () => {
    const { code, stdout, stderr } = await run('exec', ...inPod, '--', 'sh', '-c', 'echo out; echo err >&2; exit 7');
    if (code !== 7 || stdout !== 'out\n' || !stderr.startsWith('err\n')) throw new Error(JSON.stringify({ code, stdout, stderr }));
  });
  await check('exec -i', async () => {
    const input = 'x'.repeat(300_000);
    const { stdout } = await runProgram(kubectl.program, ['exec', '-i', ...inPod, '--', 'cat'], { env: kubectl.env, input });
    if (stdout !== input) throw new Error(`${stdout.length} of ${input.length} letters came back`);
  });
  await check('exec -it', async () => {
    const terminal = startProgram('script', ['-qec', `${kubectl.program} exec -it ${inPod.join(' ')} -- sh`, '/dev/null'], {
      env: kubectl.env,
    });
    try {
      await until('a prompt', () => /[#$] ?/.test(terminal.stdout()));
      terminal.write('test -t 0 && echo "a $((6 * 7)) terminal"\n');
      await until('its answer', () => terminal.stdout().includes('a 42 terminal'));
      terminal.write('exit 5\n');
      if ((await terminal.ended) !== 5) throw new Error(`it did not end with 5: ${terminal.stdout()}`);
    } finally {
      terminal.kill('SIGKILL');
    }
  });
  await check('the token in the pod is this cluster’s', async () => {
    const token = await ok('exec', ...inPod, '--', 'cat', '/var/run/secrets/kubernetes.io/serviceaccount/token');
    const answer = await ok('create', '--raw', '/apis/authentication.k8s.io/v1/tokenreviews', '-f', reviewOf(token, directory));
    for (const part of [`"system:serviceaccount:${NAMESPACE}:default"`, `"authentication.kubernetes.io/node-name":["${nodeName}"]`])
      expectText(answer, part, 'review');
  });
  await check('attach', async () => {
    const attached = beside('attach', '-i', '-n', NAMESPACE, POD, '-c', 'talker');
    try {
      // What is written before the streams stand waits for them.
      attached.write('hello\n');
      await until('an answer', () => attached.stdout().includes('heard hello\n'));
    } finally {
      attached.kill('SIGKILL');
      await attached.ended;
    }
  });
  await check('port-forward', async () => {
    const forwarding = beside('port-forward', '-n', NAMESPACE, POD, ':8080');
    try {
      const port = await until('the forwarded port', () => /127\.0\.0\.1:(\d+)/.exec(forwarding.stdout())?.[1]);
      for (let i = 0; i < 3; i += 1) await until('the page', async () => (await pageAt(Number(port))) === 'served\n');
    } finally {
      forwarding.kill('SIGTERM');
      await forwarding.ended;
    }
  });
  await check('cp, both ways', async () => {
    const [there, back] = [join(directory, 'there'), join(directory, 'back')];
    writeFileSync(there, 'carried'.repeat(50_000));
    await ok('cp', there, `${NAMESPACE}/${POD}:/tmp/carried`, '-c', 'main');
    await ok('cp', `${NAMESPACE}/${POD}:/tmp/carried`, back, '-c', 'main');
    if (readFileSync(back, 'utf8') !== readFileSync(there, 'utf8')) throw new Error('the file is not the same');
  });
  await check('the node’s pods, stats and health through nodes/proxy', async () => {
    const of = (path: string): Promise<string> => ok('get', '--raw', `/api/v1/nodes/${nodeName}/proxy/${path}`);
    expectText(await of('pods'), `"name":"${POD}"`);
    expectText(await of('healthz'), 'ok');
    expectText(await of('configz'), '"kubeletconfig"');
    expectText(await of('stats/summary'), nodeName);
    expectText(await of('metrics'), 'kubelet_running_pods');
  });
  await check('the pod’s page through pods/proxy', async () =>
    expectText(await ok('get', '--raw', `/api/v1/namespaces/${NAMESPACE}/pods/${POD}:8080/proxy/page`), 'served\n'),
  );
  await check('describe pod shows its events', async () => {
    await until('events', async () => {
      const text = await ok('-n', NAMESPACE, 'describe', 'pod', POD);
      return ['Scheduled', 'Created', 'Started'].every((reason) => text.includes(reason));
    });
  });
  await check('an ephemeral container', async () => {
    await ok('debug', '-n', NAMESPACE, POD, `--image=${image}`, '--container=extra', '--', 'sh', '-c', 'echo looked in; sleep 60');
    await until('its log', async () => (await run('logs', '-n', NAMESPACE, POD, '-c', 'extra')).stdout === 'looked in\n', 40_000);
  });
  await check('a configmap that changes reaches the pod', async () => {
    await ok('-n', NAMESPACE, 'patch', 'configmap', 'config', '-p', '{"data":{"key":"other"}}');
    await until('the new value', async () => (await run('exec', ...inPod, '--', 'cat', '/config/key')).stdout === 'other', 120_000);
  });
  await check('delete pod', async () => {
    await ok('-n', NAMESPACE, 'delete', 'pod', POD, '--timeout=60s');
    expectText((await run('-n', NAMESPACE, 'get', 'pod', POD)).stderr, 'not found');
  });
  await check('delete namespace', () => ok('delete', 'namespace', NAMESPACE, '--timeout=60s').then(() => undefined));
  rmSync(directory, { recursive: true, force: true });
}

function reviewOf(token: string, directory: string): string {
  const file = join(directory, 'review.json');
  writeFileSync(file, JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } }));
  return file;
}

function pageAt(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = get({ host: '127.0.0.1', port, path: '/page', agent: false }, (response) => {
      let text = '';
      response.on('data', (part) => (text += String(part)));
      response.on('end', () => resolve(text));
    });
    asked.on('error', () => resolve(undefined));
  });
}
