/** Helpers of this folder's tests: a node of two pods, a runtime of files, and a client. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { Pod, PodStatus } from '../../api/types.ts';
import { bearerAuthenticator } from '../../auth/bearer.ts';
import { authenticatorChain } from '../../auth/chain.ts';
import type { Authenticator, Authorizer } from '../../auth/types.ts';
import { RuntimeError, type ContainerRuntimeStatus, type Runtime, type RuntimeEvent } from '../../runtime/runtime.ts';
import { systemHost } from '../../util/host.ts';
import { silentLogger } from '../../util/log.ts';
import { defaultKubeletConfiguration, type KubeletConfiguration } from '../config.ts';
import type { NodeView, PodView } from './node-view.ts';
import { startKubeletServer, type KubeletServerHandle, type KubeletServerOptions } from './server.ts';

/** A runtime of which only what the servers use works; every other call fails. */
export interface FakeRuntime extends Runtime {
  readonly logs: Map<string, string>;
  readonly ended: Set<string>;
  emit(event: RuntimeEvent): void;
}

export function fakeRuntime(): FakeRuntime {
  const listeners = new Set<(event: RuntimeEvent) => void>();
  const logs = new Map<string, string>();
  const ended = new Set<string>();
  const unimplemented = (): Promise<never> => Promise.reject(new RuntimeError('unimplemented', 'not in this fake'));
  const unused = [
    'version',
    'status',
    'runPodSandbox',
    'stopPodSandbox',
    'removePodSandbox',
    'podSandboxStatus',
    'listPodSandboxes',
    'createContainer',
    'startContainer',
    'stopContainer',
    'removeContainer',
    'listContainers',
    'updateContainerResources',
    'reopenContainerLog',
    'listImages',
    'imageStatus',
    'pullImage',
    'removeImage',
    'imageFsInfo',
    'close',
  ] as const;
  const rest = Object.fromEntries(unused.map((name) => [name, unimplemented])) as unknown as Pick<Runtime, (typeof unused)[number]>;
  return {
    ...rest,
    logs,
    ended,
    emit: (event) => listeners.forEach((listener) => listener(event)),
    onEvent: (listener, signal) => {
      listeners.add(listener);
      signal.addEventListener('abort', () => listeners.delete(listener));
    },
    containerStatus: (id) => {
      const logPath = logs.get(id);
      if (logPath === undefined) return Promise.reject(new RuntimeError('notFound', `no container ${id}`));
      const status = { id, logPath, state: ended.has(id) ? 'exited' : 'running' };
      return Promise.resolve(status as ContainerRuntimeStatus);
    },
    execSync: (_id, [command = '']) => {
      const stdout = Buffer.from(command === 'hello' ? 'hello\n' : '');
      const stderr = Buffer.from(command === 'false' ? 'it failed' : '');
      return command === ''
        ? Promise.reject(new RuntimeError('unknown', 'no command'))
        : Promise.resolve({ stdout, stderr, exitCode: command === 'false' ? 1 : 0 });
    },
    exec: ({ command }) =>
      command[0] === 'gone'
        ? Promise.reject(new RuntimeError('notFound', 'no such container'))
        : Promise.resolve({ kind: 'local', run: () => Promise.resolve({ kind: 'exited', code: 0 }) }),
    attach: () => Promise.resolve({ kind: 'local', run: () => Promise.resolve({ kind: 'exited', code: 0 }) }),
    portForward: () => Promise.resolve({ kind: 'local', dial: () => Promise.reject(new Error('nothing listens')) }),
  };
}

export const podUid = '8a80eb4e-6653-476e-8e44-f7494ea84546';

/** Pod `web/logger` with containers main (running) and slow (waiting). */
export function fakeView(runtime: Runtime, status: PodStatus = runningStatus()): NodeView {
  const pod: Pod = {
    metadata: { name: 'logger', namespace: 'web', uid: podUid },
    spec: { containers: [{ name: 'main' }, { name: 'slow' }] },
    status,
  };
  const view: PodView = { pod, status, sandboxId: 'sandbox' };
  return {
    nodeName: 'node-1',
    runtime,
    pods: () => [{ kind: 'Pod', apiVersion: 'v1', ...pod }],
    pod: (namespace, name) => (namespace === 'web' && name === 'logger' ? view : undefined),
    runningPods: () => Promise.resolve([]),
    syncLoopAgeMs: () => 0,
  };
}

export function runningStatus(): PodStatus {
  const common = { ready: true, restartCount: 0, image: 'host', imageID: 'host' };
  return {
    containerStatuses: [
      { ...common, name: 'main', containerID: 'process://c1', state: { running: {} } },
      { ...common, name: 'slow', ready: false, state: { waiting: { reason: 'ContainerCreating' } } },
    ],
  };
}

/** Tokens are `user:subresource,…`: what the user may do with `get`; `user:*` may do everything. */
export const tokenAuthenticator: Authenticator = authenticatorChain(
  [
    bearerAuthenticator((token) => {
      const [name = '', rights] = token.split(':');
      if (rights === undefined) return Promise.resolve({ kind: 'rejected', reason: 'unknown token' });
      return Promise.resolve({ kind: 'user', user: { name, groups: rights.split(',') } });
    }),
  ],
  { anonymous: true },
);

export const tokenAuthorizer: Authorizer = (attributes) => {
  if (attributes.kind !== 'resource') throw new Error('the kubelet asks for resources alone');
  const { groups } = attributes.user;
  if (groups.includes('*')) return { decision: 'allow', reason: '' };
  if (groups.includes('error')) return { decision: 'noOpinion', reason: '', error: 'the API server is away' };
  return attributes.verb === 'get' && groups.includes(attributes.subresource)
    ? { decision: 'allow', reason: '' }
    : { decision: 'noOpinion', reason: '' };
};

/** Starts the three servers on free ports, the secure one in plain HTTP. */
export function startTestServer(
  config: Partial<KubeletConfiguration> = {},
  options: Partial<KubeletServerOptions> = {},
): Promise<KubeletServerHandle> {
  return startKubeletServer({
    config: { ...defaultKubeletConfiguration(), address: '127.0.0.1', ...config },
    view: fakeView(fakeRuntime()),
    authenticate: tokenAuthenticator,
    authorize: tokenAuthorizer,
    host: systemHost,
    log: silentLogger,
    verbosity: { level: 0 },
    version: '1.36.3',
    ports: { secure: 0, readonly: 0, healthz: 0 },
    ...options,
  });
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Ask {
  readonly method?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Called with each part of the answer's body. */
  readonly onPart?: (part: string) => void;
}

/** Sends a request and waits for the whole answer. The path goes out as it is. */
export function ask(port: number, path: string, { method = 'GET', token, headers, body, onPart }: Ask = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers };
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers: sent, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        onPart?.(part);
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Waits until the condition holds; rejects after five seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error('the condition did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
