/** Kills the whole server, controllers included, COUNT times under load. */
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { createKubeClient } from '../../src/client/rest-client.ts';
import { runCrashes } from './crash.ts';
import type { SoakResult } from './result.ts';
import { killableServer } from './server.ts';

export async function soakCrashes(
  count: number,
  progress: (line: string) => void = (line) => process.stdout.write(`${line}\n`),
  signal?: AbortSignal,
): Promise<SoakResult> {
  const server = await killableServer();
  try {
    await server.start();
    const client = createKubeClient(await loadKubeconfig(server.kubeconfig));
    const kill = (): Promise<void> => server.end('SIGKILL');
    const { wrong, ...figures } = await runCrashes({ count, client, kill, start: server.start, progress, ...(signal && { signal }) });
    client.close();
    return { figures: { kills: count, ...figures }, wrong };
  } finally {
    await server.destroy();
  }
}
