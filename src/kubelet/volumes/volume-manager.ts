/** The volumes of the node's pods: made ready before a pod starts, refreshed while it runs, removed after it. */
import { join } from 'node:path';
import { defaultPullPolicy } from '../../api/image-name.ts';
import { quantityValue } from '../../api/quantity.ts';
import type { Volume } from '../../api/types.ts';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import type { NodePod } from '../pods/pod.ts';
import type { NodeFacts } from '../spec/downward.ts';
import { writeAtomically } from './atomic-writer.ts';
import { volumeContent, type ContentContext } from './content.ts';
import { claimOf, ClaimNotProcessed, mountClaim, VolumeNotMounted, type ClaimContext, type ClaimName } from './claims.ts';
import { applyFsGroup } from './fs-group.ts';
import { prepareHostPath } from './host-path.ts';
import type { ObjectCache, ObjectName } from './object-cache.ts';
import { isMounted, mountsBelow } from '../../util/mountinfo.ts';
import { mountTmpfs, unmount } from './tmpfs.ts';
import type { TokenManager } from './tokens.ts';

/** A volume that is ready to be mounted into containers. */
export interface ReadyVolume {
  readonly path: string;
  /** Mounted read-only whatever the container asks for. */
  readonly readonly: boolean;
  /** The volume is an image: the runtime mounts it, and `path` is empty. */
  readonly image?: { readonly reference: string; readonly pullPolicy: string };
  /** The claim that it stands for, and whether what it holds is told. */
  readonly claim?: ClaimName;
  readonly measured?: boolean;
}

/** Volumes that could not be made ready, each with the text for its event. */
export class VolumesNotReady extends Error {
  readonly failures: readonly { readonly volume: string; readonly message: string }[];
  /** When it is worth trying again; ever more slowly without it. */
  readonly retryMs: number | undefined;
  constructor(failures: VolumesNotReady['failures'], retryMs?: number) {
    super(failures.map((f) => f.message).join('; '));
    this.name = 'VolumesNotReady';
    this.failures = failures;
    this.retryMs = retryMs;
  }
}

export interface VolumeManager {
  /** Makes all volumes ready, and refreshes contents that are due. Rejects with VolumesNotReady. */
  prepare(pod: NodePod, facts: NodeFacts): Promise<ReadonlyMap<string, ReadyVolume>>;
  /** Calls `changed` when something that a pod's volumes show is not as it was: the contents are due then. */
  follow(pod: NodePod, changed: () => void): void;
  /** The claims among a pod's volumes that are ready, by the volume's name. */
  claims(uid: string): ReadonlyMap<string, ReadyVolume>;
  /** When contents are due again, in ms from now; undefined when the pod has none. */
  refreshDueMs(pod: NodePod): number | undefined;
  /** Unmounts and removes all of a pod's volumes. */
  remove(uid: string): Promise<void>;
  /** Lets go of what is mounted once for all pods, when nothing uses it. */
  close(): Promise<void>;
}

export interface VolumeManagerOptions {
  readonly host: Host;
  readonly log: Logger;
  /** Directory of `pods/`. */
  readonly rootDir: string;
  readonly objects: ObjectCache;
  readonly tokens: TokenManager;
  /** False: secrets lie on disk, and `medium: Memory` is refused. */
  readonly useTmpfs: boolean;
  /** Where claims are looked up, and for which node; without it there are none. */
  readonly claims?: Omit<ClaimContext, 'files'>;
  /** Told how each attempt to make a volume ready went. */
  readonly mounted?: (volume: Volume, ready: boolean, seconds: number) => void;
}

/** How old contents may become while a pod runs; a change that is seen is written at once. */
const REFRESH_MS = 60_000;
/** A claim gets its volume from others: soon, mostly. */
const CLAIM_RETRY_MS = 5000;

interface PodVolumes {
  readonly ready: Map<string, ReadyVolume>;
  refreshedAt: number;
  /** Its objects are watched. */
  followed: boolean;
  /** Labels and annotations as the volumes show them. */
  shown: string;
}

export function createVolumeManager(options: VolumeManagerOptions): VolumeManager {
  const { host, log, rootDir, objects, tokens, useTmpfs } = options;
  const { files, clock } = host;
  const state = new Map<string, PodVolumes>();
  // One tmpfs for all small memory-backed volumes: a mount costs a process, a directory does not.
  const memoryDir = join(rootDir, 'memory');
  let memory: Promise<void> | undefined;

  async function openMemory(): Promise<void> {
    await files.mkdir(memoryDir, { recursive: true, mode: 0o700 });
    if (useTmpfs && !(await isMounted(host, memoryDir))) await mountTmpfs(host, memoryDir, 'mode=0700');
  }

  async function contentDir(pod: NodePod, volume: Volume): Promise<string> {
    const plugin = volume.configMap
      ? 'kubernetes.io~configmap'
      : volume.secret
        ? 'kubernetes.io~secret'
        : volume.downwardAPI
          ? 'kubernetes.io~downward-api'
          : 'kubernetes.io~projected';
    const home = join(rootDir, 'pods', pod.metadata.uid, 'volumes', plugin);
    await files.mkdir(home, { recursive: true, mode: 0o750 });
    const visible = join(home, volume.name);
    if (volume.configMap || !useTmpfs) {
      await files.mkdir(visible, { recursive: true });
      await files.chmod(visible, 0o777);
      return visible;
    }
    await (memory ??= openMemory().catch((error: unknown) => {
      memory = undefined;
      throw error;
    }));
    const real = join(memoryDir, pod.metadata.uid, `${plugin}~${volume.name}`);
    await files.mkdir(real, { recursive: true });
    await files.chmod(real, 0o1777);
    await files.symlink(real, visible).catch((error: unknown) => ignoreExisting(error));
    return real;
  }

  async function setUp(pod: NodePod, volume: Volume, context: ContentContext): Promise<ReadyVolume> {
    if (volume.hostPath) {
      await prepareHostPath(files, volume.hostPath.path, volume.hostPath.type ?? '');
      return { path: volume.hostPath.path, readonly: false };
    }
    if (volume.image) {
      const { reference = '', pullPolicy } = volume.image;
      return { path: '', readonly: true, image: { reference, pullPolicy: pullPolicy ?? defaultPullPolicy(reference) } };
    }
    const claim = claimOf(pod, volume);
    if (claim) return mountClaim(pod, volume, claim, { client: undefined, node: () => undefined, ...options.claims, files });
    if (isEmptyDir(volume)) return { path: await setUpEmptyDir(pod, volume), readonly: false };
    const content = await volumeContent(pod, volume, context);
    if (content === undefined) throw new Error(`volumes of type ${volumeType(volume)} are not supported by this node`);
    const path = await contentDir(pod, volume);
    const gid = pod.spec.securityContext?.fsGroup;
    if (gid !== undefined) await applyFsGroup(files, path, gid, { recursive: false });
    await writeAtomically(files, path, content, clock.now(), gid === undefined ? undefined : { gid });
    return { path, readonly: true };
  }

  async function setUpEmptyDir(pod: NodePod, volume: Volume): Promise<string> {
    const path = join(rootDir, 'pods', pod.metadata.uid, 'volumes', 'kubernetes.io~empty-dir', volume.name);
    await files.mkdir(path, { recursive: true, mode: 0o750 });
    const { medium = '', sizeLimit } = volume.emptyDir ?? {};
    if (medium === 'Memory') {
      if (!useTmpfs) throw new Error('emptyDir with medium Memory needs a kubelet that may mount');
      const size = sizeLimit === undefined ? 0 : quantityValue(sizeLimit);
      if (!(await isMounted(host, path))) await mountTmpfs(host, path, size > 0 ? `size=${size},mode=1777` : 'mode=1777');
    } else if (medium !== '') throw new Error(`emptyDir with medium ${medium} is not supported by this node`);
    else await files.chmod(path, 0o777);
    const gid = pod.spec.securityContext?.fsGroup;
    if (gid !== undefined)
      await applyFsGroup(files, path, gid, {
        recursive: true,
        onMismatch: pod.spec.securityContext?.fsGroupChangePolicy === 'OnRootMismatch',
      });
    return path;
  }

  return {
    async prepare(pod, facts) {
      const { uid } = pod.metadata;
      const known = state.get(uid);
      const now = clock.now();
      const shown = JSON.stringify([pod.metadata.labels, pod.metadata.annotations]);
      const due = known !== undefined && (now - known.refreshedAt >= REFRESH_MS || known.shown !== shown);
      const mine = known ?? { ready: new Map<string, ReadyVolume>(), refreshedAt: now, followed: false, shown };
      state.set(uid, mine);
      if (due) mine.refreshedAt = now;
      mine.shown = shown;
      // A pod that is new sees objects as they are now; one that runs may see them a little later.
      const context: ContentContext = {
        objects: objects.reader(now - 1000),
        facts,
        token: (p, t) => tokens.token(p, t),
      };
      const failures: { volume: string; message: string }[] = [];
      let waits = false;
      await Promise.all(
        (pod.spec.volumes ?? []).map(async (volume) => {
          const done = mine.ready.has(volume.name);
          if (done && !(due && hasContent(volume))) return;
          const began = clock.monotonic();
          const told = (ready: boolean): void => options.mounted?.(volume, ready, (clock.monotonic() - began) / 1000);
          try {
            mine.ready.set(volume.name, await setUp(pod, volume, context));
            told(true);
          } catch (error) {
            told(false);
            if (done) log.warn('Volume could not be refreshed', { pod: pod.metadata.name, volume: volume.name, err: errorText(error) });
            else failures.push({ volume: volume.name, message: failureText(volume.name, error) });
            waits ||= error instanceof ClaimNotProcessed;
          }
        }),
      );
      if (failures.length > 0) throw new VolumesNotReady(failures, waits ? CLAIM_RETRY_MS : undefined);
      return mine.ready;
    },
    follow(pod, changed) {
      const { uid } = pod.metadata;
      const names = shownObjects(pod);
      const mine = state.get(uid);
      if (mine === undefined || names.length === 0 || mine.followed) return;
      mine.followed = true;
      objects.follow(uid, names, () => {
        mine.refreshedAt = -Infinity;
        changed();
      });
    },
    claims: (uid) => new Map([...(state.get(uid)?.ready ?? [])].filter(([, { claim }]) => claim !== undefined)),
    refreshDueMs(pod) {
      const mine = state.get(pod.metadata.uid);
      if (mine === undefined || !(pod.spec.volumes ?? []).some(hasContent)) return undefined;
      return Math.max(0, mine.refreshedAt + REFRESH_MS - clock.now());
    },
    async remove(uid) {
      state.delete(uid);
      tokens.forget(uid);
      objects.unfollow(uid);
      const home = join(rootDir, 'pods', uid);
      if (useTmpfs) for (const path of await mountsBelow(host, home)) await unmount(host, path);
      await files.rm(join(home, 'volumes'), { recursive: true, force: true });
      await files.rm(join(home, 'volume-subpaths'), { recursive: true, force: true });
      await files.rm(join(memoryDir, uid), { recursive: true, force: true });
    },
    async close() {
      if (memory === undefined || !useTmpfs) return;
      const left = await files.readdir(memoryDir).catch(() => []);
      if (left.length === 0)
        await unmount(host, memoryDir).catch((error: unknown) => log.warn('Memory volumes stay mounted', { err: errorText(error) }));
    },
  };
}

function failureText(volume: string, error: unknown): string {
  if (error instanceof ClaimNotProcessed || error instanceof VolumeNotMounted) return error.message;
  return `MountVolume.SetUp failed for volume "${volume}" : ${errorText(error)}`;
}

const hasContent = (volume: Volume): boolean =>
  volume.configMap !== undefined || volume.secret !== undefined || volume.downwardAPI !== undefined || volume.projected !== undefined;

/** The ConfigMaps and Secrets that a pod's volumes show. */
function shownObjects({ spec, metadata: { namespace } }: NodePod): ObjectName[] {
  const found: ObjectName[] = [];
  const add = (kind: ObjectName['kind'], name: string | undefined): void => {
    if (name !== undefined && name !== '') found.push({ kind, namespace, name });
  };
  for (const { configMap, secret, projected } of spec.volumes ?? []) {
    add('configMap', configMap?.name);
    add('secret', secret?.secretName);
    for (const source of projected?.sources ?? []) {
      add('configMap', source.configMap?.name);
      add('secret', source.secret?.name);
    }
  }
  return found;
}

/** A volume without any source is an emptyDir. */
const isEmptyDir = (volume: Volume): boolean => volume.emptyDir !== undefined || Object.keys(volume).every((key) => key === 'name');
const volumeType = (volume: Volume): string => Object.keys(volume).find((key) => key !== 'name') ?? 'unknown';

function ignoreExisting(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
}
