/** Pods for tests, and what is asked about them. */
import type { TestNode } from './node.ts';
import { until } from './until.ts';

/** Sleeps until TERM arrives, and then ends at once. */
export const FOREVER = 'trap "exit 0" TERM; while :; do sleep 3600 & wait $!; done';

type Fields = Readonly<Record<string, unknown>>;

/** A pod with one container `c` that runs this shell script on image `host`. */
export function podOf(name: string, script: string, container: Fields = {}, spec: Fields = {}, metadata: Fields = {}): Fields {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, ...metadata },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'c', image: 'host', command: ['sh', '-c', script], ...container }],
      ...spec,
    },
  };
}

/** One value out of an object. */
export function valueOf(node: TestNode, object: string, path: string): Promise<string> {
  return node.ok('get', object, '-o', `jsonpath={${path}}`);
}

/** Applies a pod that runs to its end; its log, when it has succeeded or failed. */
export async function runToEnd(node: TestNode, pod: Fields): Promise<string> {
  const { name } = pod['metadata'] as { name: string };
  await node.apply({ ...pod, spec: { restartPolicy: 'Never', ...(pod['spec'] as Fields) } });
  await until(`pod ${name} to end`, async () => /Succeeded|Failed/.test(await valueOf(node, `pod/${name}`, '.status.phase')));
  return node.ok('logs', name);
}

/** Applies a pod and waits until it is ready. */
export async function runUntilReady(node: TestNode, pod: Fields): Promise<void> {
  const { name, namespace = 'default' } = pod['metadata'] as { name: string; namespace?: string };
  await node.apply(pod);
  await node.ok('-n', namespace, 'wait', '--for=condition=Ready', `pod/${name}`, '--timeout=20s');
}
