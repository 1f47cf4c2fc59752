/**
 * `npm run bench [NAME …]`: measures nodelet on this machine, from outside. Each measurement prints the 50th, 90th and
 * 99th percentile in milliseconds. With `--peer=URL --peer-cert=FILE --peer-key=FILE` those that can also measure a real
 * Kubernetes that is running, and print the ratio.
 */
import { option, type Measurement } from './lib.ts';
import { measureApiServer } from './apiserver.ts';
import { measureContainerStart } from './container-start.ts';
import { measureKubelet } from './kubelet.ts';
import { measureMetrics } from './metrics.ts';
import { measurePods } from './pods.ts';
import { measurePodsOnRuntime } from './pods-on-runtime.ts';
import { measureStartup } from './startup.ts';

const MEASUREMENTS: Readonly<Record<string, Measurement>> = {
  startup: measureStartup,
  'container-start': measureContainerStart,
  pods: option('runtime-endpoint') === undefined ? measurePods : measurePodsOnRuntime,
  metrics: measureMetrics,
  apiserver: measureApiServer,
  kubelet: measureKubelet,
};

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const unknown = wanted.filter((name) => !Object.hasOwn(MEASUREMENTS, name));
if (unknown.length > 0) {
  process.stderr.write(`bench: no measurement ${unknown.join(', ')}; there are ${Object.keys(MEASUREMENTS).join(', ')}\n`);
  process.exit(2);
}
for (const [name, measure] of Object.entries(MEASUREMENTS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stdout.write(`\n== ${name}\n`);
  await measure();
}
