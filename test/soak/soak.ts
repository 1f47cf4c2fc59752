/** `npm run soak -- crash [--count=200]`: what takes too long for every day. Exits with 1 when something was wrong. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { createKubeClient } from '../../src/client/rest-client.ts';
import { freePorts } from '../support/free-port.ts';
import { PROGRAM, startProgram, type RunningProgram } from '../support/program.ts';
import { until } from '../support/until.ts';
import { runCrashes } from './crash.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { count: { type: 'string', default: '200' } } });
if (positionals.join() !== 'crash') {
  process.stderr.write(
    'usage: npm run soak -- crash [--count=200]\n  crash   kills the whole server under a load of writes and watches, COUNT times\n',
  );
  process.exit(2);
}

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

const from = performance.now();
try {
  await start();
  const client = createKubeClient(await loadKubeconfig(join(root, 'kubeconfig')));
  const { wrong, ...figures } = await runCrashes({
    count: Number(values.count),
    client,
    kill: () => end('SIGKILL'),
    start,
    progress: (line) => process.stdout.write(`${line}\n`),
  });
  client.close();
  for (const line of wrong) process.stdout.write(`WRONG  ${line}\n`);
  const seconds = Math.round((performance.now() - from) / 1_000);
  process.stdout.write(`killed ${values.count} times in ${seconds} s: ${JSON.stringify(figures)}, ${wrong.length} wrong\n`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
} finally {
  await end('SIGTERM');
  const down = startProgram(process.execPath, [PROGRAM, 'down', `--data-dir=${root}`, '--purge']);
  await down.ended;
  rmSync(root, { recursive: true, force: true });
}
