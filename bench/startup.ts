/** From the start of the bundled program to kubectl's first answer, on an empty directory and on one that was used before. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePorts } from '../test/support/free-port.ts';
import { until } from '../test/support/until.ts';
import { report } from './lib.ts';

const RUNS = 7;

export async function measureStartup(): Promise<void> {
  const first: number[] = [];
  const again: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const root = mkdtempSync(join(tmpdir(), 'nodelet-bench-'));
    first.push(await once(root, run));
    again.push(await once(root, run));
    spawnSync(process.execPath, [resolve('dist/nodelet.js'), 'down', `--data-dir=${root}`, '--purge']);
    rmSync(root, { recursive: true, force: true });
  }
  report('start → first kubectl answer, empty directory', first);
  report('start → first kubectl answer, second start', again);
}

async function once(root: string, slot: number): Promise<number> {
  const [api = 0, kubelet = 0] = await freePorts(2);
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [
      resolve('dist/nodelet.js'),
      'up',
      `--data-dir=${root}`,
      `--secure-port=${api}`,
      `--port=${kubelet}`,
      '--healthz-port=0',
      `--service-cluster-ip-range=10.101.${slot}.0/24`,
      `--pod-cidr=10.102.${slot}.0/24`,
    ],
    { stdio: 'ignore', env: { ...process.env, NODE_EXTRA_CA_CERTS: '' } },
  );
  const gone = new Promise((ok) => {
    child.once('exit', ok);
  });
  const env = { ...process.env, KUBECONFIG: join(root, 'kubeconfig') };
  const written = (): boolean => existsSync(join(root, 'kubeconfig'));
  await until('the kubeconfig', written);
  while (spawnSync('kubectl', ['get', '--raw', '/version'], { env, stdio: 'ignore' }).status !== 0) {
    if (child.exitCode !== null) throw new Error('nodelet ended before it answered');
  }
  const took = performance.now() - started;
  child.kill('SIGTERM');
  await gone;
  return took;
}
