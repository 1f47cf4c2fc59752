/** Commands, logs and forwarded ports of one pod, as clients of the kubelet's port and kubectl use them. */
import { get, type ClientRequest } from 'node:http';
import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { resources } from '../src/api/resources.ts';
import { freePorts } from '../test/support/free-port.ts';
import { runProgram, startProgram } from '../test/support/program.ts';
import { until } from '../test/support/until.ts';
import { kubeletClient } from './kubelet-http.ts';
import { option } from './lib.ts';
import type { Place } from './kubelet-place.ts';

const LOG_LINES = 40_000;
const FILE_MIB = 200;
const AT_ONCE = 20;
const SCRIPT = `mkdir -p /www; dd if=/dev/zero of=/www/big bs=1M count=${FILE_MIB} 2>/dev/null; i=0
while [ $i -lt ${LOG_LINES} ]; do echo "$i the quick brown fox jumps over the lazy dog, again and again and again, until the log is long enough to be worth reading"; i=$((i+1)); done
touch /www/ready; httpd -f -p 8080 -h /www`;

/** ms of each; `logs` and `forward` in MiB a second. */
export interface StreamFigures {
  readonly exec: number[];
  readonly execsAtOnce: number[];
  readonly logs: number[];
  readonly tail: number[];
  readonly forward: number[];
  readonly connection: number[];
  readonly kubectlExec: number[];
}

export interface StreamPod {
  readonly place: Place;
  readonly figures: StreamFigures;
  /** One round of everything. */
  round(): Promise<void>;
  destroy(): Promise<void>;
}

export async function startStreamPod(place: Place): Promise<StreamPod> {
  const { client, node, image, base, tls, kubeconfig } = place;
  const name = `streams-${randomBytes(3).toString('hex')}`;
  await client.create(resources.pods, {
    metadata: { name, namespace: 'default' },
    spec: {
      nodeName: node,
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'c', image, imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', SCRIPT] }],
    },
  });
  const figures: StreamFigures = { exec: [], execsAtOnce: [], logs: [], tail: [], forward: [], connection: [], kubectlExec: [] };
  const kubelet = kubeletClient(place);
  const exec = (...command: string[]): Promise<{ ms: number; succeeded: boolean }> =>
    new Promise((resolve, reject) => {
      const from = performance.now();
      const query = command.map((word) => `command=${encodeURIComponent(word)}`).join('&');
      const url = `${base.replace('http', 'ws')}/exec/default/${name}/c?${query}&output=1&error=1`;
      const socket = new WebSocket(url, ['v5.channel.k8s.io'], { ...tls, rejectUnauthorized: false });
      socket.on('message', (data: Buffer) => {
        if (data[0] !== 3) return;
        resolve({ ms: performance.now() - from, succeeded: data.includes('Success') });
        socket.close();
      });
      socket.on('error', reject);
    });
  const kubectl = option('kubectl') ?? 'kubectl';
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  await until('the pod to serve', async () => (await exec('ls', '/www/ready')).succeeded, 120_000);

  async function forwarding(): Promise<void> {
    const [port = 0] = await freePorts(1);
    const forward = startProgram(kubectl, ['port-forward', name, `${port}:8080`], { env });
    await until('kubectl port-forward', () => forward.stdout().includes('Forwarding from'));
    for (let i = 0; i < 10; i++) figures.connection.push((await fetched(`http://127.0.0.1:${port}/ready`)).ms);
    const { ms, bytes } = await fetched(`http://127.0.0.1:${port}/big`);
    figures.forward.push(bytes / 2 ** 20 / (ms / 1_000));
    forward.kill('SIGTERM');
    await forward.ended;
  }

  return {
    place,
    figures,
    async round() {
      for (let i = 0; i < 20; i++) figures.exec.push((await exec('true')).ms);
      const from = performance.now();
      await Promise.all(Array.from({ length: AT_ONCE }, () => exec('true')));
      figures.execsAtOnce.push(performance.now() - from);
      for (let i = 0; i < 5; i++) {
        const { ms, body } = await kubelet.get(`/containerLogs/default/${name}/c`);
        // A kubelet that cannot watch the file says so in an answer of 200 (fs.inotify.max_user_instances).
        if (body.length < LOG_LINES * 100) throw new Error(`the log of ${place.name} is only ${body.toString('utf8', 0, 200)}`);
        figures.logs.push(body.length / 2 ** 20 / (ms / 1_000));
      }
      for (let i = 0; i < 20; i++) figures.tail.push((await kubelet.get(`/containerLogs/default/${name}/c?tailLines=10`)).ms);
      await forwarding();
      for (let i = 0; i < 4; i++) {
        const began = performance.now();
        const { code, stderr } = await runProgram(kubectl, ['exec', name, '--', 'true'], { env });
        if (code !== 0) throw new Error(`kubectl exec: ${stderr}`);
        figures.kubectlExec.push(performance.now() - began);
      }
    },
    async destroy() {
      kubelet.close();
      await client.delete(resources.pods, name, { namespace: 'default' });
    },
  };
}

function fetched(url: string): Promise<{ ms: number; bytes: number }> {
  return new Promise((resolve, reject) => {
    const from = performance.now();
    const sent: ClientRequest = get(url, { agent: false }, (response) => {
      let bytes = 0;
      response.on('data', (part: Buffer) => (bytes += part.length)).on('error', reject);
      response.on('end', () => resolve({ ms: performance.now() - from, bytes }));
    });
    sent.on('error', reject);
  });
}
