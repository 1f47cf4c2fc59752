/** Kills the whole server as often as asked, and compares what it kept with what it had acknowledged. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { createKubeClient } from '../../src/client/rest-client.ts';
import { freePorts } from '../support/free-port.ts';
import { PROGRAM, startProgram, type RunningProgram } from '../support/program.ts';
import { until } from '../support/until.ts';
import { runCrashes } from './crash.ts';
import type { SoakResult } from './result.ts';

export async function soakCrashes(count: number): Promise<SoakResult> {
  const root = mkdtempSync(join(tmpdir(), 'nodelet-soak-'));
  const [port = 0] = await freePorts(1);
  let server: RunningProgram | undefined;

  async function start(): Promise<void> {
    const started = startProgram(process.execPath, [
      PROGRAM,
      'up',
      '--without-kubelet',
      `--data-dir=${root}`,
      `--secure-port=${port}`,
      '--service-cluster-ip-range=10.93.0.0/24',
    ]);
    server = started;
    await until('the server', () => started.stdout().includes('nodelet is up'), 60_000).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${started.stderr()}`);
    });
  }
  async function end(signal: NodeJS.Signals): Promise<void> {
    server?.kill(signal);
    await server?.ended;
  }

  try {
    await start();
    const client = createKubeClient(await loadKubeconfig(join(root, 'kubeconfig')));
    const { wrong, ...figures } = await runCrashes({
      count,
      client,
      kill: () => end('SIGKILL'),
      start,
      progress: (line) => process.stdout.write(`${line}\n`),
    });
    client.close();
    return { figures: { kills: count, ...figures }, wrong };
  } finally {
    await end('SIGTERM');
    const down = startProgram(process.execPath, [PROGRAM, 'down', `--data-dir=${root}`, '--purge']);
    await down.ended;
    rmSync(root, { recursive: true, force: true });
  }
}
