/** Says of nodes whose kubelet is silent that nobody knows, and taints nodes by their conditions (controller-manager `nodelifecycle`). */
import { resources } from '../../api/resources.ts';
import { hasReason } from '../../api/status.ts';
import { goTime } from '../../api/time.ts';
import type { Node, Stored } from '../../api/types.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { recordEvent } from '../events.ts';
import { isOvertaken } from '../overtaken.ts';
import { startWorkQueue } from '../queue.ts';
import { readyStatus, silentConditions, wantedTaints } from './conditions.ts';

const PERIOD_MS = 5_000;
/** How long a node may be silent (`--node-monitor-grace-period`). */
const GRACE_MS = 40_000;
/** How long a node may be silent that has never spoken (`--node-startup-grace-period`). */
const STARTUP_GRACE_MS = 60_000;
const LEASES = 'kube-node-lease';
const COMPONENT = 'node-controller';
/** Small clusters let kubelets look secrets up as often as they like (controller-manager `ttl`). */
const TTL_ANNOTATION = 'node.alpha.kubernetes.io/ttl';

/** When a sign of life was last seen, by this machine's clock: the kubelet's own may differ. */
interface Sign {
  readonly renewed: string;
  readonly heard: string;
  readonly at: number;
}

export function startNodeLifecycleController({ client, reader = client, clock, log }: ControllerContext): Controller {
  const signs = new Map<string, Sign>();
  const queue = startWorkQueue({
    clock,
    handle: sync,
    failed: (key, error) => log.warn('Could not look after a node', { node: key, error }),
  });
  const nodes = reader.inform(
    resources.nodes,
    {},
    {
      added: (node) => queue.add(node.metadata.name),
      modified: (node) => queue.add(node.metadata.name),
      deleted: ({ metadata }) => void signs.delete(metadata.name),
    },
  );
  const leases = reader.inform(resources['leases.coordination.k8s.io'], { namespace: LEASES }, {});
  const pods = reader.inform(resources.pods, {}, {});
  const synced = Promise.all([nodes.synced, leases.synced, pods.synced]);
  const timer = clock.every(PERIOD_MS, () => {
    for (const name of nodes.items.keys()) queue.add(name);
  });

  async function sync(name: string): Promise<void> {
    await synced;
    const node = nodes.items.get(name);
    if (node === undefined) return;
    try {
      if (isSilent(node)) await markSilent(node);
      await taint(node);
    } catch (error) {
      // The node has changed or gone meanwhile: the watch brings it back here.
      if (!hasReason(error, 'Conflict') && !isOvertaken(error)) throw error;
    }
  }

  function isSilent(node: Stored<Node>): boolean {
    const { name } = node.metadata;
    const renewed = leases.items.get(`${LEASES}/${name}`)?.spec.renewTime ?? '';
    const heard = node.status.conditions?.find(({ type }) => type === 'Ready')?.lastHeartbeatTime ?? '';
    const known = signs.get(name);
    if (known === undefined || known.renewed !== renewed || (readyStatus(node) !== 'Unknown' && known.heard !== heard)) {
      signs.set(name, { renewed, heard, at: clock.now() });
      return false;
    }
    const grace = readyStatus(node) === undefined ? STARTUP_GRACE_MS : GRACE_MS;
    return clock.now() - known.at > grace;
  }

  async function markSilent(node: Stored<Node>): Promise<void> {
    const conditions = silentConditions(node, clock.now());
    if (conditions === undefined) return;
    const { name } = node.metadata;
    const wasReady = readyStatus(node) === 'True';
    await client.patch(resources.nodes, name, 'strategic', { status: { conditions } }, { subresource: 'status' });
    if (!wasReady) return;
    log.warn('A node is silent', { node: name });
    await recordEvent(
      { client, clock, log },
      {
        object: node,
        kind: 'Node',
        component: COMPONENT,
        type: 'Normal',
        reason: 'NodeNotReady',
        message: `Node ${name} status is now: NodeNotReady`,
        action: 'NodeNotReady',
      },
    );
    await markPodsNotReady(name);
  }

  /** Nobody can vouch for pods of a silent node. */
  async function markPodsNotReady(node: string): Promise<void> {
    for (const pod of pods.items.values()) {
      const ready = pod.status.conditions?.find(({ type }) => type === 'Ready');
      if (pod.spec.nodeName !== node || ready?.status !== 'True') continue;
      const { name, namespace = '', uid } = pod.metadata;
      const condition = { type: 'Ready', status: 'False', lastTransitionTime: goTime(clock.now()) };
      try {
        await client.patch(
          resources.pods,
          name,
          'strategic',
          { metadata: { uid }, status: { conditions: [condition] } },
          { namespace, subresource: 'status' },
        );
      } catch (error) {
        if (!isOvertaken(error) && !hasReason(error, 'Conflict')) throw error;
      }
    }
  }

  async function taint(node: Stored<Node>): Promise<void> {
    const taints = wantedTaints(node, clock.now());
    const hasTtl = node.metadata.annotations?.[TTL_ANNOTATION] !== undefined;
    if (taints === undefined && hasTtl) return;
    // A merge patch replaces the whole list: the resourceVersion keeps what others add meanwhile.
    await client.patch(resources.nodes, node.metadata.name, 'merge', {
      metadata: {
        ...(taints !== undefined && { resourceVersion: node.metadata.resourceVersion }),
        ...(!hasTtl && { annotations: { [TTL_ANNOTATION]: '0' } }),
      },
      ...(taints !== undefined && { spec: { taints: taints.length > 0 ? taints : null } }),
    });
  }

  return {
    ready: synced.then(() => undefined),
    stop: () => {
      queue.stop();
      timer.cancel();
      nodes.stop();
      leases.stop();
      pods.stop();
    },
  };
}
