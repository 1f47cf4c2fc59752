/** Registers the Node and keeps its status and its Lease fresh (kubernetes `pkg/kubelet/kubelet_node_status.go`, `component-helpers/apimachinery/lease`). */
import { constants } from 'node:fs';
import { parseDuration } from '../../api/duration.ts';
import { hasReason } from '../../api/status.ts';
import { microTime } from '../../api/time.ts';
import { resources } from '../../api/resources.ts';
import type { Lease, Node, NodeStatus, ObjectOf, ObjectReference, Stored } from '../../api/types.ts';
import type { KubeClient } from '../../client/kube-client.ts';
import type { Runtime, RuntimeStatus, RuntimeVersion } from '../../runtime/runtime.ts';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import type { DeviceManager } from '../devices/devices.ts';
import { isExtendedResource } from '../devices/registration.ts';
import type { NodeStartup } from '../stats/node-startup.ts';
import type { EventRecorder, EventType } from '../events/recorder.ts';
import type { NodePressure } from '../eviction/thresholds.ts';
import { same } from '../pods/status-patch.ts';
import { readMachine, type Machine } from './machine.ts';
import { allocatable, initialNode, nodeStatus, RUNTIME_DOWN, type NodeInput } from './node-status.ts';

export interface NodeAgent {
  /** The Node as the API has it; undefined before it is registered, and without an API server. */
  node(): Node | undefined;
  readonly machine: Machine;
  allocatable(): Readonly<Record<string, string>>;
  /** Something changed that the status tells: it is looked at now. */
  touch(): void;
  /** An event about the node. */
  event(type: EventType, reason: string, message: string): void;
  close(): Promise<void>;
}

export interface NodeAgentOptions {
  readonly client: KubeClient | undefined;
  readonly nodeName: string;
  readonly nodeIPs: readonly string[];
  readonly port: number;
  readonly version: string;
  readonly nodeLabels?: Readonly<Record<string, string>>;
  readonly rootDir: string;
  readonly config: ObjectOf<'kubelet.config.k8s.io/v1beta1.KubeletConfiguration'>;
  readonly runtime: Runtime;
  readonly runtimeVersion: RuntimeVersion;
  readonly host: Host;
  readonly log: Logger;
  readonly events: EventRecorder;
  /** Whether the machine is on its way down. */
  readonly shuttingDown?: () => boolean;
  /** Milliseconds since the runtime last listed its pods. */
  readonly listedAgoMs?: () => number | undefined;
  /** What the node is short of; nothing by default. */
  readonly pressures?: () => ReadonlySet<NodePressure>;
  /** What plugins say that the node has. */
  readonly devices?: Pick<DeviceManager, 'amounts' | 'isFresh'>;
  /** Told how the node comes up. */
  readonly startup?: NodeStartup;
}

const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 7000;
const LEASE_NAMESPACE = 'kube-node-lease';
const DEFAULT_LEASE_SECONDS = 40;
/** A runtime that takes longer to say how it is counts as down (kubernetes `pkg/kubelet/kubelet.go`, maxWaitForContainerRuntime). */
const RUNTIME_ANSWERS_MS = 30_000;
/** While the node is not ready, its status is looked at this often. */
const FAST_STATUS_MS = 500;

const NODE_EVENTS: Readonly<Record<string, readonly [isTrue: string, isFalse: string]>> = {
  MemoryPressure: ['NodeHasInsufficientMemory', 'NodeHasSufficientMemory'],
  DiskPressure: ['NodeHasDiskPressure', 'NodeHasNoDiskPressure'],
  PIDPressure: ['NodeHasInsufficientPID', 'NodeHasSufficientPID'],
  ReadonlyFilesystem: ['FilesystemIsReadOnly', 'FilesystemIsNotReadOnly'],
  Ready: ['NodeReady', 'NodeNotReady'],
};

export async function startNodeAgent(options: NodeAgentOptions): Promise<NodeAgent> {
  const { client, nodeName, config, host, log, events, runtime } = options;
  const { clock, files } = host;
  const stopping = new AbortController();
  const { signal } = stopping;
  const machine = await readMachine(files, options.rootDir);
  const statusEveryMs = parseDuration(config.nodeStatusUpdateFrequency ?? '10s');
  const reportEveryMs = parseDuration(config.nodeStatusReportFrequency ?? '5m0s');
  let node: Stored<Node> | undefined;
  let reportedAt = 0;
  let lastStatus: RuntimeStatus | undefined;

  const reference = (): ObjectReference => ({ kind: 'Node', name: nodeName, uid: nodeName, apiVersion: 'v1' });

  /** A runtime that hangs must not keep the node's status from being told. */
  function inTime<T>(answer: Promise<T>): Promise<T> {
    return new Promise((ok, failed) => {
      const timer = clock.after(RUNTIME_ANSWERS_MS, () => failed(new Error('the container runtime does not answer')));
      answer.then(ok, failed).finally(() => timer.cancel());
    });
  }

  async function input(): Promise<NodeInput> {
    const [status, images, readonlyRoot] = await Promise.all([
      inTime(runtime.status()).catch((error: unknown): RuntimeStatus => {
        log.error('Runtime status could not be read', { err: errorText(error) });
        return {
          conditions: [{ type: 'RuntimeReady', status: false, reason: RUNTIME_DOWN, message: errorText(error) }],
          handlers: lastStatus?.handlers ?? [],
          ...(lastStatus?.features && { features: lastStatus.features }),
          notices: [],
        };
      }),
      inTime(runtime.listImages()).catch(() => []),
      inTime(isReadonly(files, options.rootDir)).catch(() => false),
    ]);
    lastStatus = status;
    return {
      ...options,
      machine,
      runtime: options.runtimeVersion,
      runtimeConditions: status.conditions,
      runtimeNotices: status.notices,
      runtimeHandlers: status.handlers,
      runtimeFeatures: status.features,
      listedAgoMs: options.listedAgoMs?.(),
      images,
      readonlyRoot,
      pressures: options.pressures?.() ?? new Set(),
      devices: options.devices?.amounts(),
      shuttingDown: options.shuttingDown?.() ?? false,
      previous: node?.status.conditions ?? [],
      now: clock.now(),
    };
  }

  /** Creates the Node, or takes over the one that is there. */
  async function register(api: KubeClient): Promise<void> {
    const wanted = await input();
    const fresh = initialNode(wanted);
    options.startup?.registering();
    try {
      node = await api.create(resources.nodes, fresh);
      options.startup?.registered();
      log.info('Successfully registered node', { node: nodeName });
      reportedAt = clock.now();
      announce(undefined, node.status);
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error;
      node = await api.get(resources.nodes, nodeName);
      log.info('Node was previously registered', { node: nodeName });
      const before = node.status.nodeInfo?.bootID;
      if (before !== undefined && before !== '' && before !== machine.bootID)
        events.event(reference(), 'Warning', 'Rebooted', `Node ${nodeName} has been rebooted, boot id: ${machine.bootID}`);
      const labels = fresh.metadata.labels ?? {};
      if (Object.entries(labels).some(([key, value]) => node?.metadata.labels?.[key] !== value))
        node = await api.patch(resources.nodes, nodeName, 'strategic', { metadata: { labels, annotations: fresh.metadata.annotations } });
      if (options.devices?.isFresh() === true) await voidResources(api, node);
    }
    await report(api);
  }

  /** A machine that is new under an old name: whatever was said of its devices is not so until a plugin says it again. */
  async function voidResources(api: KubeClient, { status }: Stored<Node>): Promise<void> {
    const zeros = Object.fromEntries(
      Object.keys(status.capacity ?? {})
        .filter(isExtendedResource)
        .map((name) => [name, '0']),
    );
    if (Object.keys(zeros).length === 0) return;
    const patch = { status: { capacity: zeros, allocatable: zeros } };
    node = await api.patch(resources.nodes, nodeName, 'strategic', patch, { subresource: 'status' });
  }

  /** Writes the status when it changed, or when it was not written for long. */
  async function report(api: KubeClient): Promise<void> {
    const before = node?.status;
    const status = nodeStatus(await input());
    const changed = before === undefined || !same(withoutTimes(before), withoutTimes({ ...before, ...status }));
    if (!changed && clock.now() - reportedAt < reportEveryMs) return;
    node = await api.patch(resources.nodes, nodeName, 'strategic', { status: statusChange(before, status) }, { subresource: 'status' });
    reportedAt = clock.now();
    announce(before, status);
  }

  /** An event for every condition that is not as it was. */
  function announce(before: NodeStatus | undefined, status: NodeStatus): void {
    for (const { type, status: now } of status.conditions ?? []) {
      if (type === 'Ready' && now === 'True') options.startup?.ready();
      const was = before?.conditions?.find((c) => c.type === type)?.status;
      const reason = NODE_EVENTS[type]?.[now === 'True' ? 0 : 1];
      if (reason !== undefined && was !== now) events.event(reference(), 'Normal', reason, `Node ${nodeName} status is now: ${reason}`);
    }
  }

  let hurry = new AbortController();
  const ended = (): void => hurry.abort();
  signal.addEventListener('abort', ended, { once: true });
  /** Sleeps until it is time, or somebody asks for a look. */
  async function nap(ms: number): Promise<void> {
    await clock.sleep(ms, hurry.signal);
    if (!signal.aborted && hurry.signal.aborted) hurry = new AbortController();
  }

  async function keepStatus(api: KubeClient): Promise<void> {
    events.event(reference(), 'Normal', 'Starting', 'Starting kubelet.');
    let retryMs = FIRST_RETRY_MS;
    while (!signal.aborted) {
      try {
        if (node === undefined && config.registerNode !== false) await register(api);
        else {
          node ??= await api.get(resources.nodes, nodeName);
          await report(api);
        }
        retryMs = FIRST_RETRY_MS;
        const ready = node?.status.conditions?.find((c) => c.type === 'Ready')?.status === 'True';
        await nap(ready ? statusEveryMs : Math.min(FAST_STATUS_MS, statusEveryMs));
      } catch (error) {
        if (signal.aborted) return;
        // Somebody deleted the Node: it is registered again.
        if (hasReason(error, 'NotFound')) node = undefined;
        log.error('Unable to update node status', { node: nodeName, err: errorText(error) });
        await clock.sleep(retryMs, signal);
        retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
      }
    }
  }

  async function keepLease(api: KubeClient): Promise<void> {
    const seconds = config.nodeLeaseDurationSeconds ?? DEFAULT_LEASE_SECONDS;
    const everyMs = (seconds * 1000) / 4;
    let lease: Stored<Lease> | undefined;
    let retryMs = FIRST_RETRY_MS;
    while (!signal.aborted) {
      try {
        const spec = { ...lease?.spec, holderIdentity: nodeName, leaseDurationSeconds: seconds, renewTime: microTime(clock.now()) };
        if (lease)
          lease = await api.update(resources['leases.coordination.k8s.io'], {
            ...lease,
            metadata: { ...lease.metadata, ...owner() },
            spec,
          });
        else lease = await createLease(api, spec);
        retryMs = FIRST_RETRY_MS;
        await clock.sleep(everyMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        lease = undefined;
        log.v(1, 'Lease could not be renewed', { err: errorText(error) });
        await clock.sleep(retryMs, signal);
        retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
      }
    }
  }

  /** The Lease goes with its Node; it may be there before the Node is registered. */
  const owner = (): Pick<Lease['metadata'], 'ownerReferences'> =>
    node ? { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid: node.metadata.uid }] } : {};

  async function createLease(api: KubeClient, spec: NonNullable<Lease['spec']>): Promise<Stored<Lease>> {
    const metadata = { name: nodeName, namespace: LEASE_NAMESPACE, ...owner() };
    try {
      return await api.create(resources['leases.coordination.k8s.io'], { metadata, spec }, { namespace: LEASE_NAMESPACE });
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error;
      const lease = await api.get(resources['leases.coordination.k8s.io'], nodeName, { namespace: LEASE_NAMESPACE });
      return api.update(resources['leases.coordination.k8s.io'], { ...lease, spec: { ...lease.spec, ...spec } });
    }
  }

  const loops = client ? [keepStatus(client), keepLease(client)] : [];
  return {
    node: () => node,
    machine,
    allocatable: () => allocatable(machine, config),
    touch: () => hurry.abort(),
    event: (type, reason, message) => events.event(reference(), type, reason, message),
    async close() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}

/** A file system that was remounted read-only, as the kernel does after errors of the disk. */
async function isReadonly(files: Host['files'], directory: string): Promise<boolean> {
  try {
    await files.access(directory, constants.W_OK);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EROFS';
  }
}

function withoutTimes(status: NodeStatus): NodeStatus {
  const { conditions = [], ...rest } = status;
  return { ...rest, conditions: conditions.map(({ lastHeartbeatTime: _heartbeat, ...condition }) => condition) };
}

/** Conditions and addresses merge by type on the server; addresses that went must be named. */
function statusChange(before: NodeStatus | undefined, status: NodeStatus): Record<string, unknown> {
  const stale = (before?.addresses ?? []).filter((a) => !(status.addresses ?? []).some((b) => b.type === a.type));
  const addresses = [...(status.addresses ?? []), ...stale.map(({ type }) => ({ type, $patch: 'delete' }))];
  return { ...status, addresses };
}
