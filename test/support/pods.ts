/** Pods for tests, and what is asked about them. */
import type { TestNode } from './node.ts';
import { until } from './until.ts';

/** Sleeps until TERM arrives, and then ends at once. */
export const FOREVER = 'trap "exit 0" TERM; while :; do sleep 3600 & wait $!; done';

/** For a pod to be ready, or at its end, on a machine that is busy with other tests. */
const END_MS = 45_000;

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
  await orTell(
    node,
    name,
    until(`pod ${name} to end`, async () => /Succeeded|Failed/.test(await valueOf(node, `pod/${name}`, '.status.phase')), END_MS),
  );
  return node.ok('logs', name);
}

/** Applies a pod and waits until it is ready. */
export async function runUntilReady(node: TestNode, pod: Fields): Promise<void> {
  const { name, namespace = 'default' } = pod['metadata'] as { name: string; namespace?: string };
  await node.apply(pod);
  await orTell(node, name, node.ok('-n', namespace, 'wait', '--for=condition=Ready', `pod/${name}`, `--timeout=${END_MS}ms`), namespace);
}

/** Adds to a failure what the pod says of itself. */
async function orTell(node: TestNode, name: string, work: Promise<unknown>, namespace = 'default'): Promise<void> {
  try {
    await work;
  } catch (error) {
    const told = await Promise.all([
      node.kubectl('-n', namespace, 'describe', 'pod', name),
      node.kubectl('-n', namespace, 'logs', name, '--all-containers'),
    ]);
    throw new Error([String(error), ...told.map(({ stdout, stderr }) => stdout + stderr)].join('\n'), { cause: error });
  }
}
