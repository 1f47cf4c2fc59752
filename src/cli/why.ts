/** `nodelet why`: what a pod that does not run waits for, since when, and what to do. */
import { humanDuration } from '../api/human-duration.ts';
import { hasReason } from '../api/status.ts';
import { resources } from '../api/resources.ts';
import { timeOrUndefined } from '../api/time.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { createKubeClient } from '../client/rest-client.ts';
import { helpText, parseFlags, UsageError, type FlagTable } from '../util/flags.ts';
import { clusterConnection } from './cluster-connection.ts';
import { UserError } from './user-error.ts';
import { explain, type Facts, type Finding } from './why/explain.ts';

const FLAGS = [
  { name: 'namespace', short: 'n', type: 'string', default: 'default', placeholder: 'NAME', help: "The pod's namespace." },
  {
    name: 'kubeconfig',
    type: 'string',
    default: '',
    placeholder: 'FILE',
    help: 'How to reach the API server. Without it $KUBECONFIG, then that of `nodelet up`.',
  },
] as const satisfies FlagTable;

export const help = (): string => `Says what a pod that does not run waits for, since when, and what to do about it.

Usage: nodelet why POD [flags]

Exit code 0: the pod runs, or has succeeded. 1: something is in its way.

Flags:
${helpText(FLAGS)}`;

export async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseFlags(FLAGS, argv);
  const [word = '', ...more] = positionals;
  const name = word.replace(/^pods?\//, '');
  if (name === '' || more.length > 0) throw new UsageError('usage: nodelet why POD [-n NAMESPACE]');
  const client = createKubeClient(await clusterConnection(values.kubeconfig));
  try {
    const facts = await read(client, values.namespace, name);
    const findings = explain(facts);
    process.stdout.write(whyText(facts, findings));
    return findings.length === 0 ? 0 : 1;
  } finally {
    client.close();
  }
}

async function read(client: KubeClient, namespace: string, name: string): Promise<Facts> {
  try {
    const pod = await client.get(resources.pods, name, { namespace });
    const fieldSelector = `involvedObject.name=${name},involvedObject.uid=${pod.metadata.uid}`;
    const [events, nodes] = await Promise.all([
      client.list(resources.events, { namespace, fieldSelector }),
      // Who may not see nodes still learns what the pod itself tells.
      client.list(resources.nodes).catch(() => undefined),
    ]);
    const node = nodes?.items.find((item) => item.metadata.name === pod.spec.nodeName);
    return { pod, events: events.items, node, nodes: nodes?.items, now: Date.now() };
  } catch (error) {
    if (hasReason(error, 'NotFound')) throw new UserError(`there is no pod ${name} in namespace ${namespace}`);
    if (hasReason(error, 'Forbidden') || hasReason(error, 'Unauthorized'))
      throw new UserError(error instanceof Error ? error.message : 'you may not');
    throw error;
  }
}

/** What is printed. */
export function whyText({ pod, now }: Facts, findings: readonly Finding[]): string {
  const title = `Pod ${pod.metadata.namespace ?? ''}/${pod.metadata.name ?? ''}`;
  if (findings.length === 0) return `${title} ${pod.status?.phase === 'Succeeded' ? 'has succeeded' : 'runs and is ready'}.\n`;
  const parts = findings.map(({ waits, since, advice }) => {
    const at = timeOrUndefined(since);
    const ago = at === undefined ? '' : `\n  since:      ${since} (${humanDuration(now - at)} ago)`;
    return `  waits for:  ${waits}${ago}\n  what to do: ${advice}\n`;
  });
  return `${title} is ${pod.status?.phase ?? 'Unknown'}${pod.metadata.deletionTimestamp === undefined ? '' : ', and on its way out'}.\n\n${parts.join('\n')}`;
}
