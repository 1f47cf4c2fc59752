/** What is measured: the root, the groups of pods, each pod, its sandbox and its containers, with the labels of their series. */
import { join } from 'node:path';
import { normalizeReference } from '../../runtime/images/reference.ts';
import type { ContainerRuntimeStatus, PodSandboxStatus } from '../../runtime/runtime.ts';
import { escapeLabel } from '../../metrics/family.ts';
import { containerNameOf, readySandbox, type ObservedPod } from '../pods/observed.ts';
import { isTerminalPhase, type NodePod } from '../pods/pod.ts';
import type { ReadyVolume } from '../volumes/volume-manager.ts';
import { cgroupPath, containerCgroup, podCgroup, podsCgroup, TIERS, type CgroupPlace } from '../cgroups/names.ts';

/** A pod of this node and what the runtime said of it last. */
export interface MeasuredPod {
  readonly pod: NodePod;
  readonly observed: ObservedPod;
  /** Its claims that are mounted, by the volume's name. */
  readonly claims?: ReadonlyMap<string, ReadyVolume>;
}

/**
 * The six labels of every container series, cut where a family's own labels stand in alphabetical order:
 * `container` | `id`, `image` | `name`, `namespace` | `pod`.
 */
export type LabelPieces = readonly [container: string, image: string, name: string, pod: string];

export interface Target {
  /** Path below the mounts of cgroups; the label `id`. */
  readonly path: string;
  readonly kind: 'root' | 'group' | 'pod' | 'sandbox' | 'container';
  readonly labels: LabelPieces;
  readonly podUid: string;
  readonly container?: ContainerRuntimeStatus;
}

/** The targets of one pod. */
export interface PodTargets {
  readonly measured: MeasuredPod;
  readonly sandbox: PodSandboxStatus;
  readonly group: Target;
  readonly sandboxTarget: Target;
  readonly containers: readonly Target[];
}

/** Stands in `image` of a sandbox whose runtime has no image for it: dashboards ask for series where it is not empty. */
const SANDBOX_IMAGE = 'sandbox';

export function targetLabels(labels: Partial<Record<'container' | 'id' | 'image' | 'name' | 'namespace' | 'pod', string>>): LabelPieces {
  const text = (name: keyof typeof labels): string => `${name}="${escapeLabel(labels[name] ?? '')}"`;
  return [text('container'), `${text('id')},${text('image')}`, `${text('name')},${text('namespace')}`, text('pod')];
}

/** The groups: those of the original's list (root, kubepods, its tiers) and the cgroups that the configuration names. */
export function groupTargets(place: CgroupPlace, named: readonly string[]): Target[] {
  const tiers = [TIERS.BestEffort, TIERS.Burstable].map((tier) => cgroupPath(place, 'kubepods', tier));
  const paths = [podsCgroup(place), ...tiers, ...named.map((name) => join('/', name))];
  const group = (path: string): Target => ({ path, kind: path === '/' ? 'root' : 'group', labels: targetLabels({ id: path }), podUid: '' });
  return ['/', ...new Set(paths.filter((path) => path !== '/'))].map(group);
}

/** A pod with a sandbox that stands; undefined when nothing of it can run. */
export function podTargets(measured: MeasuredPod, place: CgroupPlace, known: Map<string, Target>): PodTargets | undefined {
  const { pod, observed } = measured;
  const sandbox = readySandbox(observed);
  if (sandbox === undefined || (isTerminalPhase(pod.status.phase) && !observed.containers.some((c) => c.state === 'running')))
    return undefined;
  const path = podCgroup(pod, place);
  const sandboxPath = containerCgroup(path, sandbox.id, place.cgroupDriver);
  const { name, namespace, uid } = pod.metadata;
  const keep = (key: string, make: () => Target): Target => {
    const old = known.get(key);
    if (old !== undefined) return old;
    const made = make();
    known.set(key, made);
    return made;
  };
  return {
    measured,
    sandbox,
    group: keep(path, () => ({ path, kind: 'pod', labels: targetLabels({ id: path, namespace, pod: name }), podUid: uid })),
    sandboxTarget: keep(sandboxPath, () => ({
      path: sandboxPath,
      kind: 'sandbox',
      labels: targetLabels({ id: sandboxPath, image: sandbox.image ?? SANDBOX_IMAGE, name: sandbox.id, namespace, pod: name }),
      podUid: uid,
    })),
    containers: observed.containers
      .filter((c) => c.state === 'running')
      .map((c) => {
        const key = containerCgroup(path, c.id, place.cgroupDriver);
        const old = known.get(key);
        if (old?.container === c) return old;
        const labels =
          old?.labels ??
          targetLabels({
            container: containerNameOf(c),
            id: key,
            image: normalizeReference(c.image) ?? c.image,
            name: c.id,
            namespace,
            pod: name,
          });
        const target: Target = { path: key, kind: 'container', labels, podUid: uid, container: c };
        known.set(key, target);
        return target;
      }),
  };
}
