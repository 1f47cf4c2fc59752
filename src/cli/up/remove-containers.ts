/** Ends and removes the sandboxes that a node has in its runtime, with their containers. */
import { join } from 'node:path';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';

/** The pods that have a directory at this kubelet: a runtime outside may run those of others. */
export async function podsOf(kubeletDir: string, { files }: Host): Promise<(uid: string) => boolean> {
  const uids = new Set(await files.readdir(join(kubeletDir, 'pods')).catch(() => []));
  return (uid) => uids.has(uid);
}

/** Goes on where one cannot be removed; how many were removed. */
export async function removeContainers(runtime: Runtime, isMine: (uid: string) => boolean, log: Logger): Promise<number> {
  const sandboxes = (await runtime.listPodSandboxes()).filter(({ metadata }) => isMine(metadata.uid));
  const removed = await Promise.all(
    sandboxes.map(async ({ id, metadata }) => {
      try {
        await runtime.stopPodSandbox(id);
        await runtime.removePodSandbox(id);
        return 1;
      } catch (error) {
        log.warn('A pod could not be removed', { pod: `${metadata.namespace}/${metadata.name}`, error: errorText(error) });
        return 0;
      }
    }),
  );
  return removed.reduce<number>((sum, one) => sum + one, 0);
}
