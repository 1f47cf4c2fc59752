/** Ends and removes every sandbox that a runtime has, with its containers. */
import type { Runtime } from '../../runtime/runtime.ts';
import { errorText, type Logger } from '../../util/log.ts';

/** Goes on where one cannot be removed; how many were. */
export async function removeContainers(runtime: Runtime, log: Logger): Promise<number> {
  const sandboxes = await runtime.listPodSandboxes();
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
