/** `npm run soak -- NAME [--count=N] [--runtime-endpoint=unix:///PATH]`: what takes too long for every day. Exits with 1 when something was wrong. */
import { parseArgs } from 'node:util';
import { soakCrashes } from './crash-server.ts';
import { soakContainerd, soakNode } from './kill.ts';
import { soakPrometheus, soakScrapes } from './metrics.ts';
import type { SoakResult } from './result.ts';
import { soakStatuses } from './statuses.ts';
import { soakConnections, soakExecs, soakPortForward } from './streams.ts';

interface Soak {
  /** The second is a container runtime that the user named. */
  readonly run: (count: number, endpoint?: string) => Promise<SoakResult>;
  /** COUNT when none is given. */
  readonly count: number;
  readonly help: string;
}

const SOAKS: Readonly<Record<string, Soak>> = {
  crash: { run: (count) => soakCrashes(count), count: 200, help: 'kills the whole server under a load of writes and watches, COUNT times' },
  connections: { run: soakConnections, count: 10_000, help: 'holds COUNT idle connections to the kubelet (ulimit -n must allow them)' },
  execs: { run: soakExecs, count: 200, help: 'runs COUNT commands at once, with a MiB both ways' },
  prometheus: { run: soakPrometheus, count: 10, help: 'lets Prometheus scrape every metrics path for COUNT minutes and checks rates' },
  scrapes: { run: soakScrapes, count: 10_000, help: 'scrapes COUNT times and looks at the memory' },
  node: { run: soakNode, count: 200, help: 'kills nodelet COUNT times while pods come and go; on --runtime-endpoint where one is given' },
  containerd: { run: soakContainerd, count: 20, help: 'kills a containerd of its own COUNT times while pods come and go' },
  statuses: { run: soakStatuses, count: 24, help: 'lets COUNT hours pass on a node of 500 pods, in fast time, and looks at the memory' },
  portforward: { run: soakPortForward, count: 1_024, help: 'sends COUNT MiB there and back, then stops reading' },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: 'string' }, 'runtime-endpoint': { type: 'string' } },
});
const [name = ''] = positionals;
const soak = Object.hasOwn(SOAKS, name) ? SOAKS[name] : undefined;
if (soak === undefined || positionals.length !== 1) {
  const lines = Object.entries(SOAKS).map(([each, { help, count }]) => `  ${each.padEnd(12)} ${help} (${count})`);
  process.stderr.write(`usage: npm run soak -- NAME [--count=N] [--runtime-endpoint=unix:///PATH]\n${lines.join('\n')}\n`);
  process.exit(2);
}
const from = performance.now();
const { figures, wrong } = await soak.run(values.count === undefined ? soak.count : Number(values.count), values['runtime-endpoint']);
for (const line of wrong) process.stdout.write(`WRONG  ${line}\n`);
const seconds = Math.round((performance.now() - from) / 1_000);
process.stdout.write(`${name}: ${seconds} s, ${JSON.stringify(figures)}, ${wrong.length} wrong\n`);
process.exitCode = wrong.length === 0 ? 0 : 1;
