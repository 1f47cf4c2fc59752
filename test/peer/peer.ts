/**
 * `npm run peer -- CHECK … --bin=DIR`: nodelet against the other half of a real Kubernetes, whose programs are in DIR.
 * Not part of `npm test`: CI has no such programs. Exits with 1 when a check failed.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PROGRAM } from '../support/program.ts';
import { WAYS } from './bootstrap.ts';
import { checkRealApiServer } from './real-apiserver.ts';
import { checkRealKubelet } from './real-kubelet.ts';

const USAGE = `usage: npm run peer -- CHECK … --bin=DIR [options]

Checks:
  real-kubelet     the real kubelet under nodelet's API server and controllers
  real-apiserver   nodelet's kubelet under the real kube-apiserver, controller manager and scheduler (needs etcd on the PATH)

  --bin=DIR            where kubelet, kube-apiserver, kube-controller-manager and kube-scheduler are
  --endpoint=unix://…  the socket of a container runtime that nothing else uses (real-kubelet)
  --image=NAME         an image there with sh and busybox (default busybox:1.36)
  --kubectl=PATH       default DIR/kubectl, else the one on the PATH
  --how=certificate    or bootstrap: one way of joining alone
  --keep               leave data and logs behind
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    bin: { type: 'string' },
    endpoint: { type: 'string', default: '' },
    image: { type: 'string', default: 'busybox:1.36' },
    kubectl: { type: 'string' },
    how: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const { bin, endpoint, image, keep } = values;
if (bin === undefined || positionals.length === 0 || !existsSync(PROGRAM)) {
  process.stderr.write(existsSync(PROGRAM) ? USAGE : 'peer: run `npm run build` first\n');
  process.exit(2);
}
const how = WAYS.filter((way) => values.how === undefined || values.how === way);
const beside = join(bin, 'kubectl');
const kubectl = values.kubectl ?? (existsSync(beside) ? beside : 'kubectl');
const checks: Readonly<Record<string, () => Promise<number>>> = {
  'real-kubelet': () => checkRealKubelet({ bin, endpoint, image, kubectl, keep, how }),
  'real-apiserver': () => checkRealApiServer({ bin, kubectl, keep, how }),
};
let failed = 0;
for (const name of positionals) {
  const run = checks[name];
  if (run === undefined) {
    process.stderr.write(`peer: no check ${name}\n\n${USAGE}`);
    process.exit(2);
  }
  failed += await run();
}
process.stdout.write(failed === 0 ? 'every check passed\n' : `${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
