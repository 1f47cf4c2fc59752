/** Keeps claims that pods use, and volumes that are bound, from vanishing (controller-manager `volume/{pvcprotection,pvprotection}`). */
import { unlessNotFound } from '../../api/status.ts';
import { resources } from '../../api/resources.ts';
import { CLAIM_FINALIZER, claimNames, VOLUME_FINALIZER } from '../../api/storage.ts';
import type { Pod, Stored } from '../../api/types.ts';
import { errorText } from '../../util/log.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { startWorkQueue } from '../queue.ts';
import { claimKey, type Claim, type Volume } from './match.ts';

/** Lets a deleted claim go when no pod with a node uses it. */
export function startClaimProtection({ client, reader = client, clock, log }: ControllerContext): Controller {
  const queue = startWorkQueue({
    clock,
    handle,
    failed: (key, error) => log.v(1, 'Claim will be looked at again', { key, err: errorText(error) }),
  });
  const ask = (claim: Claim): void => queue.add(claimKey(claim));
  const askFor = (pod: Stored<Pod>): void => {
    for (const name of claimNames(pod)) queue.add(`${pod.metadata.namespace ?? ''}/${name}`);
  };
  const claims = reader.inform(resources.persistentvolumeclaims, {}, { added: ask, modified: ask });
  const pods = reader.inform(resources.pods, {}, { deleted: askFor });
  const synced = Promise.all([claims.synced, pods.synced]);

  async function handle(key: string): Promise<void> {
    await synced;
    const claim = claims.items.get(key);
    if (claim === undefined) return;
    const { namespace = '', name, deletionTimestamp, finalizers = [] } = claim.metadata;
    const has = finalizers.includes(CLAIM_FINALIZER);
    if (has === (deletionTimestamp === undefined)) return;
    if (has && (isUsed([...pods.items.values()], namespace, name) || isUsed(await podsNow(namespace), namespace, name))) return;
    await unlessNotFound(
      client.update(
        resources.persistentvolumeclaims,
        { ...claim, metadata: { ...claim.metadata, finalizers: changed(finalizers, CLAIM_FINALIZER, has) } },
        { namespace },
      ),
    );
  }

  /** The watch may be behind: what is let go does not come back. */
  const podsNow = async (namespace: string): Promise<readonly Stored<Pod>[]> => (await client.list(resources.pods, { namespace })).items;

  return {
    ready: synced.then(() => undefined),
    stop: () => {
      queue.stop();
      claims.stop();
      pods.stop();
    },
  };
}

/** Lets a deleted volume go when it is not bound. */
export function startVolumeProtection({ client, reader = client, clock, log }: ControllerContext): Controller {
  const queue = startWorkQueue({
    clock,
    handle,
    failed: (key, error) => log.v(1, 'Volume will be looked at again', { key, err: errorText(error) }),
  });
  const ask = (volume: Volume): void => queue.add(volume.metadata.name);
  const volumes = reader.inform(resources.persistentvolumes, {}, { added: ask, modified: ask });

  async function handle(name: string): Promise<void> {
    await volumes.synced;
    const volume = volumes.items.get(name);
    if (volume === undefined) return;
    const { deletionTimestamp, finalizers = [] } = volume.metadata;
    const has = finalizers.includes(VOLUME_FINALIZER);
    if (has === (deletionTimestamp === undefined) || (has && volume.status.phase === 'Bound')) return;
    await unlessNotFound(
      client.update(resources.persistentvolumes, {
        ...volume,
        metadata: { ...volume.metadata, finalizers: changed(finalizers, VOLUME_FINALIZER, has) },
      }),
    );
  }

  return {
    ready: volumes.synced,
    stop: () => {
      queue.stop();
      volumes.stop();
    },
  };
}

const changed = (finalizers: readonly string[], name: string, has: boolean): string[] =>
  has ? finalizers.filter((each) => each !== name) : [...finalizers, name];

const isUsed = (pods: readonly Stored<Pod>[], namespace: string, name: string): boolean =>
  pods.some((pod) => pod.metadata.namespace === namespace && (pod.spec.nodeName ?? '') !== '' && claimNames(pod).includes(name));
