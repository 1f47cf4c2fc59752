/** Which ids of this machine the users of a pod are: a range a pod, written down in its directory (kubernetes `pkg/kubelet/userns/userns_manager.go`). */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import type { IdMapping, RuntimeHandler } from '../../runtime/runtime.ts';
import type { Host } from '../../util/host.ts';
import { podDirectory } from '../pods/directories.ts';
import type { NodePod } from '../pods/pod.ts';
import { kubeletIdRange } from './id-range.ts';

export interface UserNamespaces {
  /**
   * The mappings of a pod that asks for users of its own, the same again after a restart of the kubelet; undefined for others.
   * Rejects with the original's text where the runtime cannot, or no range is free.
   */
  mappings(pod: NodePod, handler: string, handlers: () => Promise<readonly RuntimeHandler[]>): Promise<readonly IdMapping[] | undefined>;
  /** Nothing of the pod runs any more: another may have its ids. */
  release(uid: string): Promise<void>;
  /** Gives back the ranges of pods that nobody knows. */
  releaseOrphans(has: (uid: string) => boolean): Promise<void>;
}

export interface UserNamespaceOptions {
  readonly host: Host;
  /** The kubelet's directory; pods are in `pods/UID`. */
  readonly rootDir: string;
  readonly idsPerPod: number;
  readonly maxPods: number;
}

export const MAPPINGS_FILE = 'userns';
/** More than a file of ours ever has. */
const MAX_FILE_CHARACTERS = 4096;

/** Opens the ranges of a kubelet: those that its pods' directories tell of are taken. Rejects when one of them cannot be. */
export async function openUserNamespaces(options: UserNamespaceOptions): Promise<UserNamespaces> {
  const { host, rootDir, idsPerPod, maxPods } = options;
  const { files } = host;
  const range = await kubeletIdRange(host, idsPerPod, maxPods);
  const slots = range.length / idsPerPod;
  const taken = new Map<number, string>();
  const byPod = new Map<string, number>();
  const pathOf = (uid: string): string => join(podDirectory(rootDir, uid), MAPPINGS_FILE);
  const asMapping = (slot: number): IdMapping[] => [{ hostId: range.first + slot * idsPerPod, containerId: 0, length: idsPerPod }];
  const take = (uid: string, slot: number): void => {
    taken.set(slot, uid);
    byPod.set(uid, slot);
  };

  /** The slot that a directory tells of; undefined without a file. */
  async function recorded(uid: string): Promise<number | undefined> {
    const text = await files.readFile(pathOf(uid), 'utf8').catch((error: unknown) => {
      if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
      throw error;
    });
    if (text === '') return undefined;
    const { hostId, length } = parseMappings(text);
    if (length !== idsPerPod) throw new Error(`wrong user namespace length ${length}`);
    if (hostId % idsPerPod !== 0) throw new Error(`wrong user namespace offset specified ${hostId}`);
    const slot = (hostId - range.first) / idsPerPod;
    const own = byPod.get(uid);
    if (own !== undefined && own !== slot) throw new Error(`different user namespace range already used by pod "${uid}"`);
    if (slot < 0 || slot >= slots) throw new Error(`id ${hostId} is out of range`);
    if (own === undefined && taken.has(slot)) throw new Error(`range picked for pod "${uid}" already taken`);
    return slot;
  }

  /** Any free slot: what a pod left behind under its ids is not the next one's. */
  function freeSlot(): number {
    if (taken.size >= slots) throw new Error('could not find an empty slot to allocate a user namespace');
    let slot = randomInt(slots);
    while (taken.has(slot)) slot = (slot + 1) % slots;
    return slot;
  }

  async function write(uid: string, mappings: readonly IdMapping[]): Promise<void> {
    const path = pathOf(uid);
    const list = mappings.map(({ hostId, containerId, length }) => ({ hostId, containerId, length }));
    await files.writeFile(`${path}.new`, JSON.stringify({ uidMappings: list, gidMappings: list }), { mode: 0o600 });
    await files.rename(`${path}.new`, path);
  }

  async function release(uid: string): Promise<void> {
    const slot = byPod.get(uid);
    if (slot === undefined) return;
    await files.rm(pathOf(uid), { force: true });
    byPod.delete(uid);
    taken.delete(slot);
  }

  for (const uid of await files.readdir(join(rootDir, 'pods')).catch(() => [])) {
    try {
      const slot = await recorded(uid);
      if (slot !== undefined) take(uid, slot);
    } catch (error) {
      throw new Error(`record pod mappings for existing pod "${uid}": ${(error as Error).message}`, { cause: error });
    }
  }

  return {
    async mappings(pod, handler, handlers) {
      if (pod.spec.hostUsers !== false) return undefined;
      checkHandler(handler, await handlers());
      const { uid } = pod.metadata;
      const known = await recorded(uid).catch((error: unknown) => {
        throw new Error(`user namespace: ${(error as Error).message}`, { cause: error });
      });
      if (known !== undefined) {
        take(uid, known);
        return asMapping(known);
      }
      try {
        const slot = byPod.get(uid) ?? freeSlot();
        take(uid, slot);
        await write(uid, asMapping(slot));
        return asMapping(slot);
      } catch (error) {
        await release(uid);
        throw new Error(`create user namespace: ${(error as Error).message}`, { cause: error });
      }
    },
    release,
    async releaseOrphans(has) {
      for (const uid of byPod.keys()) if (!has(uid)) await release(uid);
    },
  };
}

/** A pod that asks for users of its own must not run without: it may hold what only a mapped root may have. */
function checkHandler(handler: string, handlers: readonly RuntimeHandler[]): void {
  const known = handlers.find(({ name }) => name === handler);
  if (known?.userNamespaces === true) return;
  const who = handler === '' ? 'runtime' : `RuntimeClass handler ${JSON.stringify(handler)}`;
  const unknown = handlers.length > 0 && known === undefined ? `: the handler ${JSON.stringify(handler)} is not known` : '';
  throw new Error(`can't set \`spec.hostUsers: false\`, ${who} does not support user namespaces${unknown}`);
}

/** One mapping, the same for users and groups, with root in it. */
function parseMappings(text: string): IdMapping {
  const invalid = 'invalid user namespace configuration';
  let file: { uidMappings?: unknown; gidMappings?: unknown };
  try {
    if (text.length > MAX_FILE_CHARACTERS) throw new Error('it is too long');
    file = (JSON.parse(text) ?? {}) as typeof file;
  } catch (error) {
    throw new Error(`invalid user namespace mappings file: ${(error as Error).message}`, { cause: error });
  }
  const [uids, gids] = [listOf(file.uidMappings), listOf(file.gidMappings)];
  const [uid] = uids;
  if (uid === undefined || uids.length !== 1) throw new Error(`${invalid}: no more than one mapping allowed.`);
  if (gids.length !== 1) throw new Error(`${invalid}: GID and UID mappings should be identical.`);
  if (JSON.stringify(uid) !== JSON.stringify(gids[0])) throw new Error(`${invalid}: GID and UID mapping should be identical`);
  if (uid.containerId !== 0) throw new Error(`${invalid}: UID 0 must be mapped`);
  return uid;
}

function listOf(value: unknown): IdMapping[] {
  if (!Array.isArray(value)) return [];
  return value.map((entry: Partial<Record<keyof IdMapping, unknown>> | null) => {
    const id = (key: keyof IdMapping): number => {
      const found = entry?.[key] ?? 0;
      if (typeof found !== 'number' || !Number.isInteger(found) || found < 0)
        throw new Error(`invalid user namespace mappings file: ${key} is no id`);
      return found;
    };
    return { hostId: id('hostId'), containerId: id('containerId'), length: id('length') };
  });
}
