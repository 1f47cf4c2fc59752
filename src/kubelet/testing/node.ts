/** A kubelet over a fake runtime and a fake API server, in a directory of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resources } from '../../api/resources.ts';
import type { Event, Pod } from '../../api/types.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { systemHost, type Host } from '../../util/host.ts';
import { silentLogger } from '../../util/log.ts';
import { startKubelet, type KubeletHandle } from '../kubelet.ts';
import type { KubeletOptions } from '../options.ts';
import { createFakeApi, type FakeApi } from './fake-api.ts';
import { createFakeRuntime, type FakeRuntime, type FakeRuntimeOptions } from './fake-runtime.ts';

export interface TestNode {
  readonly api: FakeApi;
  readonly runtime: FakeRuntime;
  readonly kubelet: KubeletHandle;
  readonly directory: string;
  /** `TYPE REASON: MESSAGE` of the events about an object, in order. */
  readonly events: (name: string) => string[];
  /** A short line for every distinct status of a pod, as a watcher would see them. */
  readonly changes: (name: string) => string[];
  /** Starts another kubelet over the same runtime and API. */
  restart(): Promise<TestNode>;
  close(): Promise<void>;
}

export interface TestNodeOptions extends FakeRuntimeOptions {
  readonly runtime?: FakeRuntime;
  /** A runtime of another kind, in place of the fake one. */
  readonly cri?: Runtime;
  readonly config?: KubeletOptions['config'];
  readonly host?: Host;
  readonly standalone?: boolean;
}

const NODE = 'node-a';

export async function startTestNode(options: TestNodeOptions = {}): Promise<TestNode> {
  const directory = await mkdtemp(join(tmpdir(), 'kubelet-test-'));
  const api = createFakeApi(NODE);
  return open(
    options,
    directory,
    api,
    options.runtime ?? createFakeRuntime({ ...options, ...(options.host && { now: () => options.host?.clock.now() ?? 0 }) }),
  );
}

async function open(options: TestNodeOptions, directory: string, api: FakeApi, runtime: FakeRuntime): Promise<TestNode> {
  const kubelet = await startKubelet({
    config: { clusterDNS: ['10.96.0.10'], clusterDomain: 'cluster.local', ...options.config },
    nodeName: NODE,
    nodeIPs: ['192.0.2.1'],
    rootDir: join(directory, 'kubelet'),
    podLogsDir: join(directory, 'logs/pods'),
    containerLogsDir: join(directory, 'logs/containers'),
    client: options.standalone === true ? undefined : api.client,
    runtime: options.cri ?? runtime,
    host: options.host ?? systemHost,
    log: silentLogger,
    cgroupRoot: '/',
    mayMount: false,
  });
  return {
    api,
    runtime,
    kubelet,
    directory,
    events: (name) =>
      (api.objects(resources.events) as unknown as Event[])
        .filter((e) => e.involvedObject.name === name)
        .map((e) => `${e.type ?? ''} ${e.reason ?? ''}: ${e.message ?? ''}`),
    changes: (name) =>
      api.history
        .filter((pod) => pod.metadata.name === name)
        .map(brief)
        .filter((line, i, all) => line !== all[i - 1]),
    async restart() {
      await kubelet.close();
      return open(options, directory, api, runtime);
    },
    async close() {
      await kubelet.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Phase, container states and true conditions in one line. */
export function brief(pod: Pod): string {
  const {
    phase = '',
    reason = '',
    initContainerStatuses = [],
    containerStatuses = [],
    ephemeralContainerStatuses = [],
    conditions = [],
  } = pod.status ?? {};
  const states = [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses].map((s) => {
    const [kind = 'none', value] = Object.entries(s.state ?? {})[0] ?? [];
    const { reason: why, exitCode } = (value ?? {}) as { reason?: string; exitCode?: number };
    const text = `${s.name}:${kind}${why === undefined ? '' : `/${why}`}${exitCode === undefined ? '' : `/${exitCode}`}`;
    return `${text}${s.restartCount > 0 ? ` x${s.restartCount}` : ''}${s.ready ? ' ready' : ''}${s.started === true ? ' started' : ''}`;
  });
  const short: Readonly<Record<string, string>> = { PodReadyToStartContainers: 'Sandbox', ContainersReady: 'CR' };
  const on = conditions
    .filter((c) => c.status === 'True')
    .map((c) => short[c.type] ?? c.type)
    .sort()
    .join(',');
  return [
    phase,
    ...(reason === '' ? [] : [reason]),
    ...states,
    on,
    ...(pod.metadata.deletionTimestamp === undefined ? [] : ['deleting']),
  ].join(' | ');
}

const DEADLINE_MS = 20_000;

/** Polls until the check gives something; rejects after a while and names what did not come. */
export async function eventually<T>(check: () => T | undefined | false, what = 'the condition'): Promise<T> {
  const end = Date.now() + DEADLINE_MS;
  for (;;) {
    const value = check();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > end) throw new Error(`${what} did not come within ${DEADLINE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
