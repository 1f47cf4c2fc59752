/** The pods that the runtime has, built from it alone: what `/runningpods/` shows. */
import type { Pod } from '../../api/types.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { CONTAINER_NAME, POD_NAME, POD_NAMESPACE, POD_UID } from '../spec/labels.ts';

export async function runningPods(runtime: Runtime): Promise<Pod[]> {
  const pods = new Map<string, Pod>();
  for (const c of await runtime.listContainers()) {
    const { [POD_UID]: uid, [POD_NAME]: name, [POD_NAMESPACE]: namespace } = c.labels;
    if (c.state !== 'running' || uid === undefined || name === undefined || namespace === undefined) continue;
    const pod = pods.get(uid) ?? { metadata: { name, namespace, uid }, spec: { containers: [] }, status: {} };
    pods.set(uid, pod);
    pod.spec?.containers.push({ name: c.labels[CONTAINER_NAME] ?? c.metadata.name, image: c.imageRef, resources: {} });
  }
  return [...pods.values()];
}
