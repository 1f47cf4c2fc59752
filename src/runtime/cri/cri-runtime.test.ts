import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemHost } from '../../util/host.ts';
import { silentLogger } from '../../util/log.ts';
import { RuntimeError, type ContainerConfig, type PodSandboxConfig, type Runtime, type RuntimeEvent } from '../runtime.ts';
import { startCriRuntime } from './cri-runtime.ts';
import { TaskDeleteSchema, TaskExitSchema, TaskStartSchema } from './proto/containerd_events_pb.ts';
import {
  type CreateContainerRequest,
  ContainerEventType,
  ContainerState,
  NamespaceMode,
  PodSandboxState,
  ProfileType,
  type RunPodSandboxRequest,
  type UpdatePodSandboxResourcesRequest,
} from './proto/cri_pb.ts';
import { serveBytes, serveCri, type FakeServer, type FakeServices } from './testing/fake-server.ts';

let directory: string;
let closers: (() => Promise<unknown>)[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nodelet-cri-'));
  closers = [];
});
afterEach(async () => {
  for (const close of closers.toReversed()) await close();
  rmSync(directory, { recursive: true, force: true });
});

const socket = (): string => join(directory, 's');

async function connect(requestTimeoutMs = 20_000): Promise<Runtime> {
  const runtime = await startCriRuntime({ endpoint: `unix://${socket()}`, requestTimeoutMs, host: systemHost, log: silentLogger });
  closers.push(() => runtime.close());
  return runtime;
}

async function serve(services: FakeServices): Promise<FakeServer> {
  const server = await serveCri(socket(), services);
  closers.push(() => server.stop());
  return server;
}

const start = async (services: FakeServices, requestTimeoutMs?: number): Promise<Runtime> => {
  await serve(services);
  return connect(requestTimeoutMs);
};

/** The error that a call ends with; anything else than a RuntimeError fails the test. */
async function failure(call: Promise<unknown>): Promise<RuntimeError> {
  const error = await call.then(
    (value) => {
      throw new Error(`resolved with ${JSON.stringify(value)}`);
    },
    (reason: unknown) => reason,
  );
  if (!(error instanceof RuntimeError)) throw error;
  return error;
}

const sandbox: PodSandboxConfig = {
  metadata: { name: 'p', uid: 'u', namespace: 'ns', attempt: 2 },
  hostname: 'h',
  logDirectory: '/logs',
  dns: { servers: ['1.1.1.1'], searches: ['s'], options: ['ndots:5'] },
  portMappings: [{ protocol: 'UDP', containerPort: 53, hostPort: 5353, hostIp: '127.0.0.1' }],
  labels: { 'io.kubernetes.pod.uid': 'u' },
  annotations: { note: 'x' },
  cgroupParent: '/kubepods/podu',
  sysctls: { 'net.core.somaxconn': '9' },
  security: {
    namespaces: { network: 'pod', pid: 'container', ipc: 'node' },
    privileged: false,
    runAsGroup: 7,
    supplementalGroups: [1, 2],
    readonlyRootfs: false,
    seccomp: { type: 'runtimeDefault' },
  },
};

const container: ContainerConfig = {
  metadata: { name: 'c', attempt: 1 },
  image: { image: 'sha256:1', userSpecified: 'busybox' },
  command: ['sh'],
  args: ['-c', 'true'],
  workingDir: '/w',
  envs: [{ key: 'K', value: 'wört' }],
  mounts: [{ containerPath: '/c', hostPath: '/h', readonly: true, propagation: 'hostToContainer', recursiveReadOnly: true }],
  devices: [],
  labels: { 'io.kubernetes.pod.uid': 'u' },
  annotations: {},
  logPath: 'c/1.log',
  stdin: false,
  stdinOnce: false,
  tty: true,
  resources: { cpuShares: 102, cpuQuota: -1, memoryLimitBytes: 2 ** 40, oomScoreAdj: -997, unified: { 'memory.oom.group': '1' } },
  security: {
    namespaces: { network: 'pod', pid: 'target', ipc: 'pod', targetId: 't' },
    privileged: false,
    addCapabilities: ['NET_ADMIN'],
    dropCapabilities: ['ALL'],
    runAsUser: 1000,
    runAsGroup: 1000,
    supplementalGroups: [5],
    supplementalGroupsPolicy: 'Strict',
    readonlyRootfs: true,
    noNewPrivs: true,
    maskedPaths: ['/proc/kcore'],
    readonlyPaths: ['/proc/sys'],
    seccomp: { type: 'localhost', ref: '/s/p.json' },
    apparmor: { type: 'unconfined' },
  },
  stopSignal: 'SIGUSR1',
};

const NS = 1_700_000_000_123_456_789n;
const runningContainer = {
  id: 'c1',
  podSandboxId: 's1',
  metadata: { name: 'c', attempt: 1 },
  image: { image: 'busybox' },
  state: ContainerState.CONTAINER_RUNNING,
  createdAt: NS,
  labels: { 'io.kubernetes.pod.uid': 'u' },
};
const exitedStatus = {
  ...runningContainer,
  state: ContainerState.CONTAINER_EXITED,
  startedAt: NS,
  finishedAt: NS + 1_000_000n,
  exitCode: 3,
  reason: 'Error',
};

describe('what is sent', () => {
  it('carries a whole sandbox', async () => {
    let sent: RunPodSandboxRequest | undefined;
    const runtime = await start({ runtime: { runPodSandbox: (request) => ((sent = request), { podSandboxId: 's1' }) } });
    expect(await runtime.runPodSandbox(sandbox, 'kata')).toBe('s1');
    expect(sent).toMatchObject({
      runtimeHandler: 'kata',
      config: {
        metadata: sandbox.metadata,
        dnsConfig: sandbox.dns,
        portMappings: [{ protocol: 1, containerPort: 53, hostPort: 5353, hostIp: '127.0.0.1' }],
        linux: {
          cgroupParent: '/kubepods/podu',
          sysctls: sandbox.sysctls,
          securityContext: {
            namespaceOptions: { network: NamespaceMode.POD, pid: NamespaceMode.CONTAINER, ipc: NamespaceMode.NODE },
            supplementalGroups: [1n, 2n],
          },
        },
      },
    });
    // Runtimes refuse a group without a user.
    expect(sent?.config?.linux?.securityContext?.runAsGroup).toBeUndefined();
  });

  it('carries users of their own and the sizes of sandboxes', async () => {
    let sent: RunPodSandboxRequest | undefined;
    let made: CreateContainerRequest | undefined;
    let changed: UpdatePodSandboxResourcesRequest | undefined;
    const runtime = await start({
      runtime: {
        runPodSandbox: (request) => ((sent = request), { podSandboxId: 's1' }),
        updatePodSandboxResources: (request) => ((changed = request), {}),
        createContainer: (request) => ((made = request), { containerId: 'c1' }),
      },
    });
    const users = [{ hostId: 65_536, containerId: 0, length: 65_536 }];
    const selinux = { user: '', role: '', type: 't', level: 's0' };
    const security = { ...sandbox.security, selinux, namespaces: { ...sandbox.security.namespaces, users } };
    await runtime.runPodSandbox({ ...sandbox, security, resources: { cpuShares: 2 }, overhead: { memoryLimitBytes: 7 } }, '');
    expect(sent?.config?.linux).toMatchObject({
      resources: { cpuShares: 2n },
      overhead: { memoryLimitInBytes: 7n },
      securityContext: {
        selinuxOptions: selinux,
        namespaceOptions: { usernsOptions: { mode: NamespaceMode.POD, uids: users, gids: users } },
      },
    });
    await runtime.updatePodSandboxResources?.('s1', { cpuShares: 3 }, { memoryLimitBytes: 9 });
    expect(changed).toMatchObject({ podSandboxId: 's1', resources: { cpuShares: 3n }, overhead: { memoryLimitInBytes: 9n } });
    const mounts = container.mounts.map((mount) => ({ ...mount, mapping: users }));
    await runtime.createContainer('s1', { ...container, mounts }, sandbox);
    expect(made?.config?.mounts[0]).toMatchObject({ uidMappings: users, gidMappings: users });
    expect(made?.config?.linux?.securityContext?.namespaceOptions?.usernsOptions).toMatchObject({ mode: NamespaceMode.NODE, uids: [] });
  });

  it('carries a whole container', async () => {
    let sent: CreateContainerRequest | undefined;
    const runtime = await start({ runtime: { createContainer: (request) => ((sent = request), { containerId: 'c1' }) } });
    const devices = [{ containerPath: '/dev/x', hostPath: '/dev/null', permissions: 'rw' }];
    const config = { ...container, devices, cdiDevices: ['example.com/gpu=0'] };
    expect(await runtime.createContainer('s1', config, sandbox)).toBe('c1');
    expect(sent?.config).toMatchObject({ devices, CDIDevices: [{ name: 'example.com/gpu=0' }] });
    expect(sent?.sandboxConfig?.metadata).toMatchObject({ name: 'p', uid: 'u' });
    expect(sent?.config).toMatchObject({
      image: { image: 'sha256:1', userSpecifiedImage: 'busybox' },
      command: ['sh'],
      args: ['-c', 'true'],
      mounts: [{ containerPath: '/c', hostPath: '/h', readonly: true, propagation: 1, recursiveReadOnly: true }],
      logPath: 'c/1.log',
      tty: true,
      stopSignal: 29,
      linux: {
        resources: {
          cpuShares: 102n,
          cpuQuota: -1n,
          memoryLimitInBytes: 2n ** 40n,
          oomScoreAdj: -997n,
          unified: { 'memory.oom.group': '1' },
        },
        securityContext: {
          capabilities: { addCapabilities: ['NET_ADMIN'], dropCapabilities: ['ALL'] },
          runAsUser: { value: 1000n },
          runAsGroup: { value: 1000n },
          supplementalGroupsPolicy: 1,
          readonlyRootfs: true,
          noNewPrivs: true,
          namespaceOptions: { pid: NamespaceMode.TARGET, targetId: 't' },
          seccomp: { profileType: ProfileType.Localhost, localhostRef: '/s/p.json' },
          apparmor: { profileType: ProfileType.Unconfined },
        },
      },
    });
    expect(Buffer.from(sent?.config?.envs[0]?.value ?? []).toString()).toBe('wört');
  });
});

describe('what is answered', () => {
  it('names the image of sandboxes where the runtime tells it, and that image is pinned', async () => {
    const runtime = await start({
      runtime: {
        status: () => ({ info: { config: '{"sandboxImage":"pause:1"}' } }),
        podSandboxStatus: () => ({ status: { id: 's1', metadata: { uid: 'u' } } }),
      },
      images: { listImages: () => ({ images: [{ id: 'a', repoTags: ['pause:1'] }, { id: 'b' }] }) },
    });
    expect((await runtime.podSandboxStatus('s1')).image).toBe('pause:1');
    expect((await runtime.listImages()).map(({ pinned }) => pinned)).toEqual([true, false]);
  });

  it('is told in milliseconds and words', async () => {
    const runtime = await start({
      runtime: {
        listContainers: () => ({ containers: [runningContainer] }),
        containerStatus: () => ({ status: exitedStatus }),
        podSandboxStatus: () => ({
          status: {
            id: 's1',
            metadata: { name: 'p', uid: 'u', namespace: 'ns', attempt: 0 },
            state: PodSandboxState.SANDBOX_NOTREADY,
            createdAt: -6_795_364_578_871_345_152n,
            network: { ip: '10.0.0.2', additionalIps: [{ ip: 'fd00::2' }] },
          },
        }),
      },
    });
    expect(await runtime.podSandboxStatus('s1')).toMatchObject({ state: 'notReady', createdAt: 0, ips: ['10.0.0.2', 'fd00::2'] });
    expect(await runtime.listContainers()).toMatchObject([{ id: 'c1', sandboxId: 's1', state: 'running', createdAt: 1_700_000_000_123 }]);
    expect(await runtime.containerStatus('c1')).toMatchObject({
      state: 'exited',
      exitCode: 3,
      reason: 'Error',
      sandboxId: 's1',
      finishedAt: 1_700_000_000_124,
    });
  });

  it('has null for an image that is not there, and its user when it has one', async () => {
    const runtime = await start({
      images: { imageStatus: ({ image }) => (image?.image === 'there' ? { image: { id: 'i', size: 5n, uid: { value: 7n } } } : {}) },
    });
    expect(await runtime.imageStatus('nope')).toBeNull();
    expect(await runtime.imageStatus('there')).toMatchObject({ id: 'i', sizeBytes: 5, uid: 7 });
  });

  it('is taken for what is not there when a stop or a removal finds nothing', async () => {
    const gone = (): never => {
      throw new ConnectError('not found', Code.NotFound);
    };
    const runtime = await start({ runtime: { stopContainer: gone, removeContainer: gone, stopPodSandbox: gone, removePodSandbox: gone } });
    await runtime.stopContainer('x', 1);
    await runtime.removeContainer('x');
    await runtime.stopPodSandbox('x');
    await runtime.removePodSandbox('x');
  });
});

describe('many who ask at once', () => {
  it('share lists, and each gets its own', async () => {
    let lists = 0;
    const containers = Array.from({ length: 50 }, (_, i) => ({
      ...runningContainer,
      id: `c${i}`,
      labels: { 'io.kubernetes.pod.uid': `u${i}` },
    }));
    const runtime = await start({
      runtime: {
        listContainers: ({ filter }) => {
          lists += 1;
          const wanted = filter?.labelSelector['io.kubernetes.pod.uid'];
          return { containers: containers.filter((c) => wanted === undefined || c.labels['io.kubernetes.pod.uid'] === wanted) };
        },
      },
    });
    const asked = await Promise.all(containers.map((_, i) => runtime.listContainers({ labels: { 'io.kubernetes.pod.uid': `u${i}` } })));
    expect(asked.map((list) => list.map(({ id }) => id))).toEqual(containers.map(({ id }) => [id]));
    expect(lists).toBeLessThan(10);
  });

  it('get a status again that the list has just confirmed, and a new one after the container was stopped', async () => {
    let asked = 0;
    const runtime = await start({
      runtime: {
        listContainers: () => ({ containers: [runningContainer] }),
        containerStatus: () => ((asked += 1), { status: { ...runningContainer, startedAt: NS } }),
        stopContainer: () => ({}),
      },
    });
    const look = async (): Promise<void> => {
      await runtime.listContainers();
      await runtime.containerStatus('c1');
    };
    await look();
    await look();
    await look();
    expect(asked).toBe(1);
    await runtime.stopContainer('c1', 1);
    await look();
    expect(asked).toBe(2);
  });
});

describe('faults', () => {
  it('name the socket that nobody serves', async () => {
    const error = await failure(connect());
    expect(error.code).toBe('unavailable');
    expect(error.message).toContain(`dial unix ${socket()}: connect: no such file or directory`);
  });

  it('refuse another version of the interface, and an endpoint that is no socket', async () => {
    await serve({ runtime: { version: () => ({ runtimeApiVersion: 'v1alpha2' }) } });
    expect((await failure(connect())).message).toContain('speaks CRI "v1alpha2"');
    const wrong = startCriRuntime({ endpoint: 'tcp://x:1', host: systemHost, log: silentLogger });
    expect((await failure(wrong)).code).toBe('invalidArgument');
  });

  it.each([
    [Code.NotFound, 'notFound'],
    [Code.AlreadyExists, 'alreadyExists'],
    [Code.FailedPrecondition, 'failedPrecondition'],
    [Code.Unavailable, 'unavailable'],
    [Code.Unknown, 'unknown'],
    [Code.ResourceExhausted, 'resourceExhausted'],
  ])('keep the text and the meaning of code %i', async (code, expected) => {
    const runtime = await start({
      runtime: {
        startContainer: () => {
          throw new ConnectError('the text', code);
        },
      },
    });
    expect(await failure(runtime.startContainer('x'))).toMatchObject({ code: expected, message: 'the text' });
  });

  it('end every call that hangs', async () => {
    const hang = (): Promise<never> => new Promise(() => undefined);
    const runtime = await start(
      {
        runtime: { status: hang, runPodSandbox: hang, listContainers: hang, createContainer: hang, containerStatus: hang, execSync: hang },
        images: { listImages: hang, imageStatus: hang },
      },
      150,
    );
    const calls = [
      runtime.status(),
      runtime.runPodSandbox(sandbox),
      runtime.listContainers(),
      runtime.createContainer('s', container, sandbox),
      runtime.containerStatus('c'),
      runtime.execSync('c', ['true'], 0.1),
      runtime.listImages(),
      runtime.imageStatus('i'),
    ];
    for (const error of await Promise.all(calls.map(failure)))
      expect(error).toMatchObject({ code: 'deadlineExceeded', message: 'context deadline exceeded' });
  });

  it('end a pull when nobody wants it any more', async () => {
    const runtime = await start({ images: { pullImage: () => new Promise<never>(() => undefined) } });
    const stop = new AbortController();
    const pull = failure(runtime.pullImage('x', undefined, stop.signal));
    stop.abort();
    await pull;
  });

  it('are seen when the runtime dies in a call, and are over when it is back', async () => {
    const first = await serve({ runtime: { status: ({ verbose }) => (verbose ? {} : new Promise<never>(() => undefined)) } });
    const runtime = await connect();
    const call = failure(runtime.status());
    await new Promise((ok) => {
      setTimeout(ok, 50);
    });
    await first.stop();
    expect((await call).code).toBe('unavailable');
    expect((await failure(runtime.status())).code).toBe('unavailable');
    await serve({ runtime: { status: () => ({ status: { conditions: [{ type: 'RuntimeReady', status: true }] } }) } });
    expect((await runtime.status()).conditions).toEqual([{ type: 'RuntimeReady', status: true, reason: '', message: '' }]);
  });

  it('refuse answers that are too large, or lack what every answer has', async () => {
    const runtime = await start({
      runtime: {
        listContainers: () => ({ containers: [{ ...runningContainer, annotations: { x: 'y'.repeat(17 << 20) } }] }),
        listPodSandbox: () => ({ items: [{ id: 's' }] }),
        containerStatus: () => ({}),
        createContainer: () => ({}),
        exec: () => ({ url: 'nonsense' }),
      },
    });
    await failure(runtime.listContainers());
    await failure(runtime.listPodSandboxes());
    await failure(runtime.containerStatus('x'));
    await failure(runtime.createContainer('s', container, sandbox));
    await failure(runtime.exec({ containerId: 'x', command: [], stdin: false, stdout: true, stderr: false, tty: false }));
  });

  it('are errors of their own kind whatever a server on the socket says', async () => {
    const server = createServer((peer) => {
      peer.on('error', () => undefined);
      peer.resume();
      peer.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    await new Promise<void>((ok) => {
      server.listen(socket(), ok);
    });
    closers.push(() => new Promise((ok) => server.close(ok)));
    await failure(connect());
  });

  it('are all that random answers lead to', async () => {
    let answer = Buffer.alloc(0);
    const hello = Buffer.from('0a05302e312e30120466616b651a013122027631', 'hex');
    const server = await serveBytes(socket(), (path) => (path.endsWith('/Version') ? hello : answer));
    closers.push(() => server.stop());
    const runtime = await connect();
    const calls: (() => Promise<unknown>)[] = [
      () => runtime.status(),
      () => runtime.listPodSandboxes(),
      () => runtime.listContainers(),
      () => runtime.containerStatus('x'),
      () => runtime.podSandboxStatus('x'),
      () => runtime.listImages(),
      () => runtime.imageStatus('x'),
      () => runtime.imageFsInfo(),
      () => runtime.execSync('x', [], 1),
    ];
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), fc.nat(calls.length - 1), async (data, which) => {
        answer = Buffer.from(data);
        await calls[which]?.().catch((error: unknown) => {
          if (!(error instanceof RuntimeError)) throw error;
        });
      }),
      { numRuns: 150 },
    );
  });
});

describe('events', () => {
  /** Collects what is told; resolves when something of this type came. */
  function listen(runtime: Runtime) {
    const seen: RuntimeEvent[] = [];
    const waiting = new Set<() => void>();
    const end = new AbortController();
    closers.push(async () => end.abort());
    runtime.onEvent((event) => {
      seen.push(event);
      for (const look of waiting) look();
    }, end.signal);
    return (type: RuntimeEvent['type']): Promise<RuntimeEvent> =>
      new Promise((ok) => {
        const look = (): void => {
          const found = seen.find((event) => event.type === type);
          if (found) ok(found);
        };
        waiting.add(look);
        look();
      });
  }
  const lists = (state: () => ContainerState) => ({
    listPodSandbox: () => ({ items: [] }),
    listContainers: () => ({ containers: [{ ...runningContainer, state: state() }] }),
    containerStatus: () => ({ status: { ...exitedStatus, state: state() } }),
  });

  it('come from the runtime itself where it tells them', async () => {
    const runtime = await start({
      runtime: {
        ...lists(() => ContainerState.CONTAINER_RUNNING),
        async *getContainerEvents(_request, { signal }) {
          yield {
            containerId: 'c1',
            containerEventType: ContainerEventType.CONTAINER_STOPPED_EVENT,
            podSandboxStatus: { id: 's1', metadata: { uid: 'u' } },
          };
          await new Promise((ok) => {
            signal.addEventListener('abort', ok);
          });
        },
      },
    });
    expect(await listen(runtime)('containerStopped')).toMatchObject({ id: 'c1', podUid: 'u' });
  });

  it('come from containerd’s own stream where CRI has none, once the end is there to be seen', async () => {
    let state: ContainerState = ContainerState.CONTAINER_RUNNING;
    let asked = 0;
    const runtime = await start({
      runtime: {
        ...lists(() => state),
        containerStatus: () => {
          asked += 1;
          if (asked === 3) state = ContainerState.CONTAINER_EXITED;
          return { status: { ...exitedStatus, state } };
        },
      },
      events: {
        async *subscribe(_request, { signal }) {
          await new Promise((ok) => {
            setTimeout(ok, 150);
          });
          const envelope = (topic: string, value: Uint8Array<ArrayBuffer>) => ({
            namespace: 'k8s.io',
            topic,
            event: { typeUrl: '', value },
          });
          yield envelope('/tasks/start', toBinary(TaskStartSchema, create(TaskStartSchema, { containerId: 'c1', pid: 42 })));
          yield envelope('/tasks/exit', toBinary(TaskExitSchema, create(TaskExitSchema, { containerId: 'c1', id: 'exec-1' })));
          yield envelope('/tasks/exit', new Uint8Array([255, 255, 255]));
          yield envelope('/tasks/delete', toBinary(TaskDeleteSchema, create(TaskDeleteSchema, { containerId: 'c1' })));
          await new Promise((ok) => {
            signal.addEventListener('abort', ok);
          });
        },
      },
    });
    const next = listen(runtime);
    await next('containerStarted');
    expect(await next('containerStopped')).toMatchObject({ id: 'c1', podUid: 'u' });
    expect(state).toBe(ContainerState.CONTAINER_EXITED);
    expect((await runtime.containerStatus('c1')).state).toBe('exited');
  });

  it('are found in lists where there is no stream at all', async () => {
    let state: ContainerState = ContainerState.CONTAINER_RUNNING;
    const runtime = await start({ runtime: lists(() => state) });
    const next = listen(runtime);
    await runtime.listContainers();
    state = ContainerState.CONTAINER_EXITED;
    expect(await next('containerStopped')).toMatchObject({ id: 'c1', podUid: 'u' });
  });
});
