import { KUBERNETES_VERSION, NODELET_VERSION } from '../util/version.ts';

export const help = (): string =>
  'Prints the version of nodelet and the Kubernetes version whose behaviour it has.\n\nUsage: nodelet version\n';

export async function run(): Promise<number> {
  process.stdout.write(`nodelet ${NODELET_VERSION} (Kubernetes ${KUBERNETES_VERSION}, Node.js ${process.version})\n`);
  return 0;
}
