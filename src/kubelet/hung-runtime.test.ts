/** A container runtime of which one call hangs: the call ends in its time, the pod or the node says so, the rest goes on, and it heals. */
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Node, Pod, Stored } from '../api/types.ts';
import { resources } from '../api/resources.ts';
import { startCriRuntime } from '../runtime/cri/cri-runtime.ts';
import { serveCri } from '../runtime/cri/testing/fake-server.ts';
import { createMemoryCri, type CriCall, type MemoryCri } from '../runtime/cri/testing/memory-cri.ts';
import { systemHost } from '../util/host.ts';
import { silentLogger } from '../util/log.ts';
import { startTestServer, ask } from './server/testing.ts';
import { fastHost } from './testing/fast-host.ts';
import { brief, eventually, startTestNode, type TestNode } from './testing/node.ts';

/** Time runs so much faster in the kubelet; the calls' deadline is in real time. */
const FACTOR = 60;
const CALL_MS = 400;
const IMAGE = 'busybox:1';

interface Machine {
  readonly node: TestNode;
  readonly cri: MemoryCri;
  readonly port: number;
}

/** Ends what a test started, the last first. */
type Closing = (close: () => void | Promise<void>) => void;

async function machine(closing: Closing): Promise<Machine> {
  const directory = mkdtempSync(join(tmpdir(), 'nodelet-hung-'));
  closing(() => rmSync(directory, { recursive: true, force: true }));
  const cri = createMemoryCri([IMAGE, 'other:1']);
  const server = await serveCri(join(directory, 's'), cri.services);
  closing(() => server.stop());
  const runtime = await startCriRuntime({
    endpoint: server.endpoint,
    requestTimeoutMs: CALL_MS,
    host: fastHost(FACTOR / 3),
    log: silentLogger,
  });
  closing(() => runtime.close());
  const node = await startTestNode({ cri: runtime, host: fastHost(FACTOR), config: { serializeImagePulls: false } });
  closing(() => node.close());
  const { view, measurements } = node.kubelet;
  const kubelet = await startTestServer({}, { view, measurements });
  closing(() => kubelet.close());
  return { node, cri, port: kubelet.addresses.secure?.port ?? 0 };
}

const aPod = (name: string, spec: Partial<Pod['spec']> = {}): Pod => ({
  metadata: { name, namespace: 'default' },
  spec: { terminationGracePeriodSeconds: 1, ...spec, containers: spec?.containers ?? [{ name: `${name}-c`, image: IMAGE }] },
  status: {},
});

const ready = ({ node }: Machine): { status: string; message: string } => {
  const [found] = node.api.objects(resources.nodes) as Stored<Node>[];
  const condition = found?.status.conditions?.find((c) => c.type === 'Ready');
  return { status: condition?.status ?? '', message: condition?.message ?? '' };
};
const phase = ({ node }: Machine, name: string): string => node.api.pod(name)?.status.phase ?? 'gone';
const told = ({ node }: Machine, name: string, text: RegExp): boolean => node.events(name).some((line) => text.test(line));
const shown = ({ node }: Machine, name: string, text: RegExp): boolean => {
  const pod = node.api.pod(name);
  return pod !== undefined && text.test(JSON.stringify(pod.status));
};

interface Case {
  readonly call: CriCall;
  /** What uses the call, after it hangs. */
  readonly use?: (m: Machine) => void;
  /** Where it is said. */
  readonly says: (m: Machine) => boolean;
  /** Calls that are beside the point here. */
  readonly healed?: (m: Machine) => boolean;
}

const start = (spec?: Partial<Pod['spec']>) => (m: Machine) => void m.node.api.createPod(aPod('new', spec));
const running = (m: Machine): boolean => phase(m, 'new') === 'Running';
const gone = (name: string) => (m: Machine) => phase(m, name) === 'gone';
const notReady = (text: RegExp) => (m: Machine) => ready(m).status === 'False' && text.test(ready(m).message);
const DEADLINE = 'context deadline exceeded';
const PLEG = /^PLEG is not healthy: pleg was last seen active 3m\d.* ago; threshold is 3m0s$/;
const withProbe = { containers: [{ name: 'new-c', image: IMAGE, readinessProbe: { exec: { command: ['true'] } } }] };
const withHook = { containers: [{ name: 'new-c', image: IMAGE, lifecycle: { preStop: { exec: { command: ['true'] } } } }] };

const CASES: readonly Case[] = [
  { call: 'status', says: notReady(/^container runtime is down$/) },
  { call: 'listPodSandbox', says: notReady(PLEG) },
  { call: 'listContainers', says: notReady(PLEG) },
  ...(['podSandboxStatus', 'containerStatus'] as const).map((call): Case => ({
    call,
    use: (m) => ['new', 'two'].forEach((name) => m.node.api.createPod(aPod(name))),
    says: (m) => notReady(PLEG)(m) && told(m, 'new', new RegExp(`^Warning FailedSync: error determining status: .*${DEADLINE}$`)),
    healed: running,
  })),
  {
    call: 'runPodSandbox',
    use: start(),
    says: (m) => told(m, 'new', new RegExp(`^Warning FailedCreatePodSandBox: Failed to create pod sandbox: .*${DEADLINE}$`)),
    healed: running,
  },
  { call: 'createContainer', use: start(), says: (m) => shown(m, 'new', new RegExp(`CreateContainerError.*${DEADLINE}`)), healed: running },
  { call: 'startContainer', use: start(), says: (m) => shown(m, 'new', new RegExp(`RunContainerError.*${DEADLINE}`)), healed: running },
  {
    call: 'imageStatus',
    use: start({ containers: [{ name: 'new-c', image: 'other:1' }] }),
    says: (m) => told(m, 'new', new RegExp(`^Warning InspectFailed: Failed to inspect image "other:1": .*${DEADLINE}`)),
    healed: running,
  },
  {
    call: 'stopContainer',
    use: (m) => m.node.api.deletePod('other'),
    says: (m) => told(m, 'other', new RegExp(`^Warning FailedKillPod: error killing pod: .*${DEADLINE}`)),
    healed: gone('other'),
  },
  {
    call: 'stopPodSandbox',
    use: (m) => m.node.api.deletePod('other'),
    says: (m) => told(m, 'other', new RegExp(`^Warning FailedKillPod: error killing pod: .*${DEADLINE}`)),
    healed: gone('other'),
  },
  {
    call: 'removeContainer',
    use: (m) => m.node.api.deletePod('other'),
    says: gone('other'),
    healed: (m) => !m.cri.readyPods().includes('other'),
  },
  { call: 'removePodSandbox', use: (m) => m.node.api.deletePod('other'), says: gone('other') },
  {
    call: 'execSync',
    use: start(withProbe),
    says: (m) => (m.cri.calls.get('execSync') ?? 0) > 1 && shown(m, 'new', /containers with unready status: \[new-c\]/),
    healed: (m) => shown(m, 'new', /"ready":true/),
  },
  { call: 'listImages', says: (m) => (m.cri.calls.get('listImages') ?? 0) > 3 },
  { call: 'imageFsInfo', says: () => true },
  { call: 'runtimeConfig', says: () => true },
  { call: 'version', says: () => true },
];

describe.concurrent('a runtime whose call hangs', { timeout: 60_000 }, () => {
  it.for(CASES)('$call', async ({ call, use, says, healed }, { onTestFinished: closing }) => {
    const m = await machine(closing);
    for (const name of ['steady', 'other']) m.node.api.createPod(aPod(name));
    await eventually(() => phase(m, 'steady') === 'Running' && phase(m, 'other') === 'Running', 'both pods');
    const [status] = m.node.api.pod('steady')?.status.containerStatuses ?? [];
    const log = join(m.node.directory, 'logs/pods', `default_steady_${m.node.api.pod('steady')?.metadata.uid}`, 'steady-c/0.log');
    await mkdir(dirname(log), { recursive: true });
    await writeFile(log, '2026-01-01T00:00:00Z stdout F hello\n');
    expect(status?.ready).toBe(true);

    m.cri.hang(call);
    use?.(m);
    await eventually(() => says(m), `${call} being told of (${JSON.stringify(ready(m))}; ${m.node.events('new').join('; ')})`);
    for (const path of ['/healthz', '/pods', '/metrics', '/metrics/cadvisor', '/stats/summary', '/containerLogs/default/steady/steady-c']) {
      const { status: code, body } = await ask(m.port, path, { token: 'u:*' });
      expect({ path, code }).toEqual({ path, code: 200 });
      if (path.startsWith('/containerLogs') && call !== 'containerStatus') expect(body).toBe('hello\n');
    }
    expect(brief(m.node.api.pod('steady') as Stored<Pod>)).toContain('Running | steady-c:running');

    m.cri.hang();
    await eventually(() => ready(m).status === 'True' && (healed?.(m) ?? true), `the node after ${call}`);
    m.node.api.createPod(aPod('last'));
    await eventually(() => phase(m, 'last') === 'Running', 'a pod that comes afterwards');
  });
});

describe('calls without a deadline', { timeout: 60_000 }, () => {
  it('a pull that hangs keeps no other pod waiting, and ends with its pod', async ({ onTestFinished: closing }) => {
    const m = await machine(closing);
    m.cri.hang('pullImage');
    m.node.api.createPod(aPod('new', { containers: [{ name: 'c', image: 'elsewhere' }] }));
    await eventually(() => (m.cri.calls.get('pullImage') ?? 0) > 0, 'the pull');
    m.node.api.createPod(aPod('steady'));
    await eventually(() => phase(m, 'steady') === 'Running', 'the other pod');
    m.node.api.deletePod('new');
    await eventually(() => phase(m, 'new') === 'gone', 'the end of the pod');
  });

  it('a preStop hook that hangs ends with the grace period', async ({ onTestFinished: closing }) => {
    const m = await machine(closing);
    m.node.api.createPod(aPod('new', withHook));
    await eventually(() => phase(m, 'new') === 'Running', 'the pod');
    m.cri.hang('execSync');
    m.node.api.deletePod('new', 30);
    await eventually(() => phase(m, 'new') === 'gone', 'the end of the pod');
  });

  it('a runtime that hangs at its first question is an error of the start', async ({ onTestFinished: closing }) => {
    const directory = mkdtempSync(join(tmpdir(), 'nodelet-hung-'));
    closing(() => rmSync(directory, { recursive: true, force: true }));
    const cri = createMemoryCri();
    const server = await serveCri(join(directory, 's'), cri.services);
    closing(() => server.stop());
    cri.hang('version');
    await expect(
      startCriRuntime({ endpoint: server.endpoint, requestTimeoutMs: CALL_MS, host: systemHost, log: silentLogger }),
    ).rejects.toThrow('context deadline exceeded');
  });
});
