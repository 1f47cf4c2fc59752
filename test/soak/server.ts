/** A whole server without a kubelet that can be killed and started again on the same data. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimNumber } from '../support/claim.ts';
import { freePorts } from '../support/free-port.ts';
import { nodelet, PROGRAM, startProgram, type RunningProgram } from '../support/program.ts';
import { until } from '../support/until.ts';

export interface KillableServer {
  readonly kubeconfig: string;
  readonly start: () => Promise<void>;
  /** Ends it by this signal; resolves when it is gone. */
  readonly end: (signal: NodeJS.Signals) => Promise<void>;
  /** Ends it and removes what it kept. */
  readonly destroy: () => Promise<void>;
}

const START_MS = 120_000;

/** Prepares one; `start` starts it. */
export async function killableServer(): Promise<KillableServer> {
  const root = mkdtempSync(join(tmpdir(), 'nodelet-soak-'));
  const slot = await claimNumber('node', 200);
  const [port = 0] = await freePorts(1);
  let server: RunningProgram | undefined;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    server?.kill(signal);
    await server?.ended;
  };
  return {
    kubeconfig: join(root, 'kubeconfig'),
    end,
    start: async () => {
      const flags = [`--data-dir=${root}`, `--secure-port=${port}`, `--service-cluster-ip-range=10.97.${slot.number}.0/24`];
      const started = startProgram(process.execPath, [PROGRAM, 'up', '--without-kubelet', ...flags]);
      server = started;
      await until('the server', () => started.stdout().includes('nodelet is up'), START_MS).catch((error: unknown) => {
        throw new Error(`${String(error)}: ${started.stderr()}`);
      });
    },
    destroy: async () => {
      await end('SIGTERM');
      await nodelet('down', `--data-dir=${root}`, '--purge');
      await slot.release();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
