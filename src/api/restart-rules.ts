/** Whether containers that ended run again: their own policy and rules, then their pod's (kubernetes `pkg/api/v1/pod/util.go`, ContainerShouldRestart). */
import type { Loose, ObjectOf } from './types.ts';

type Rule = Loose<ObjectOf<'core/v1.ContainerRestartRule'>>;
/** What this asks of a container: of pods as they were sent, and of those that were checked. */
export interface RestartingContainer {
  readonly restartPolicy?: string | undefined;
  readonly restartPolicyRules?: readonly Rule[] | undefined;
}

export const RESTART_ALL = 'RestartAllContainers';

/** The first rule that speaks of an exit code; undefined when none does. */
export function matchingRule({ restartPolicyRules = [] }: RestartingContainer, exitCode: number): Rule | undefined {
  return restartPolicyRules.find(({ exitCodes }) => {
    const listed = (exitCodes?.values ?? []).includes(exitCode);
    return exitCodes?.operator === 'In' ? listed : exitCodes?.operator === 'NotIn' && !listed;
  });
}

/** Whether a container runs again after it ended with a code. Rules count for containers with a policy of their own. */
export function restartsAfter(container: RestartingContainer, podPolicy: string | undefined, exitCode: number): boolean {
  const action = container.restartPolicy === undefined ? undefined : matchingRule(container, exitCode)?.action;
  if (action === 'Restart' || action === RESTART_ALL) return true;
  const policy = container.restartPolicy ?? podPolicy ?? 'Always';
  return policy === 'OnFailure' ? exitCode !== 0 : policy !== 'Never';
}

/** Whether an exit of one container may restart all of its pod. */
export const mayRestartAll = (spec: {
  readonly containers?: readonly RestartingContainer[] | undefined;
  readonly initContainers?: readonly RestartingContainer[] | undefined;
}): boolean =>
  [...(spec.initContainers ?? []), ...(spec.containers ?? [])].some((c) =>
    c.restartPolicyRules?.some(({ action }) => action === RESTART_ALL),
  );
