/** The conditions that the kubelet owns (kubernetes `pkg/kubelet/status/generate.go`). */
import { goTime } from '../../api/time.ts';
import type { ContainerStatus, PodCondition } from '../../api/types.ts';
import { isSidecar, type NodePod } from './pod.ts';
import type { Phase } from './phase.ts';
import type { ResizeState } from './resize.ts';
import { RESTARTING_CONDITION } from './restart-all.ts';

/** Go writes a time that never was as null, and readers look for the field. */
const NEVER = null as unknown as string;

const OWNED = [
  'PodResizePending',
  'PodResizeInProgress',
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
  RESTARTING_CONDITION,
  'DisruptionTarget',
] as const;
export const isOwnedCondition = (type: string): boolean => (OWNED as readonly string[]).includes(type);

export interface ConditionsInput {
  readonly pod: NodePod;
  /** As computed, even where the status still shows the phase before it. */
  readonly phase: Phase;
  readonly init: readonly ContainerStatus[];
  readonly app: readonly ContainerStatus[];
  readonly sandboxReady: boolean;
  readonly resize?: ResizeState;
  /** Whether all containers are being restarted; undefined for pods that have no such rule. */
  readonly restartingAll?: boolean;
  /** Why the kubelet ends the pod for reasons of its own. */
  readonly disruption?: string;
  /** As last published or read. */
  readonly previous: readonly PodCondition[];
  readonly now: number;
}

interface Verdict {
  readonly status: 'True' | 'False';
  readonly reason?: string;
  readonly message?: string;
  /** The generation that the condition speaks of, where it is not the newest; `none` where it tells none. */
  readonly generation?: number | 'none' | undefined;
}

/** All conditions: those of others first and as they are, then the kubelet's own in their fixed order. */
export function podConditions(input: ConditionsInput): PodCondition[] {
  const containersReady = containersReadyVerdict(input);
  const verdicts: readonly (readonly [string, Verdict])[] = [
    ...resizeVerdicts(input),
    ...disruptionVerdict(input),
    ['PodReadyToStartContainers', { status: input.sandboxReady ? 'True' : 'False' }],
    ['Initialized', initializedVerdict(input)],
    ['Ready', readyVerdict(input, containersReady)],
    ['ContainersReady', containersReady],
    ['PodScheduled', { status: 'True' }],
    ...restartingVerdict(input),
  ];
  const foreign = input.previous.filter(
    (c) => !isOwnedCondition(c.type) || (c.type === 'DisruptionTarget' && input.disruption === undefined),
  );
  return [...foreign, ...verdicts.map(([type, verdict]) => condition(type, verdict, input))];
}

function condition(type: string, verdict: Verdict, { previous, pod, now }: ConditionsInput): PodCondition {
  const before = previous.find((c) => c.type === type);
  const since = before?.status === verdict.status ? before.lastTransitionTime : undefined;
  const generation = verdict.generation ?? pod.metadata.generation;
  return {
    type,
    ...(generation !== undefined && generation !== 'none' && { observedGeneration: generation }),
    status: verdict.status,
    lastProbeTime: NEVER,
    lastTransitionTime: since ?? goTime(now),
    ...(verdict.reason !== undefined && { reason: verdict.reason }),
    ...(verdict.message !== undefined && { message: verdict.message }),
  };
}

function resizeVerdicts({ resize }: ConditionsInput): (readonly [string, Verdict])[] {
  const { pending, inProgress } = resize ?? {};
  const verdicts: (readonly [string, Verdict])[] = [];
  if (pending) verdicts.push(['PodResizePending', { status: 'True', ...pending }]);
  if (inProgress)
    verdicts.push([
      'PodResizeInProgress',
      {
        status: 'True',
        generation: inProgress.generation,
        ...(inProgress.error !== undefined && { reason: 'Error', message: inProgress.error }),
      },
    ]);
  return verdicts;
}

const disruptionVerdict = ({ disruption }: ConditionsInput): (readonly [string, Verdict])[] =>
  disruption === undefined ? [] : [['DisruptionTarget', { status: 'True', reason: 'TerminationByKubelet', message: disruption }]];

function restartingVerdict({ restartingAll, phase }: ConditionsInput): (readonly [string, Verdict])[] {
  if (restartingAll === undefined) return [];
  const over = phase === 'Succeeded' ? 'PodCompleted' : phase === 'Failed' ? 'PodFailed' : undefined;
  const verdict: Verdict =
    over === undefined && restartingAll
      ? { status: 'True', reason: 'RestartAllContainersStarted', message: 'container exited with restart policy rule' }
      : { status: 'False', ...(over !== undefined && { reason: over }) };
  return [[RESTARTING_CONDITION, { ...verdict, generation: 'none' }]];
}

function initializedVerdict({ pod, phase, init, app, previous }: ConditionsInput): Verdict {
  const unknown: string[] = [];
  const incomplete: string[] = [];
  for (const container of pod.spec.initContainers ?? []) {
    const status = init.find((s) => s.name === container.name);
    if (status === undefined) unknown.push(container.name);
    else if (isSidecar(container) ? status.started !== true : !status.ready) incomplete.push(container.name);
  }
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  const appStarted = app.some((s) => s.state?.running ?? s.state?.terminated ?? s.lastState?.terminated);
  const message = listed('containers with unknown status', unknown, 'containers with incomplete status', incomplete);
  // What was initialized once stays so, whatever starts anew since.
  const before = previous.some((c) => c.type === 'Initialized' && c.status === 'True');
  return message === undefined || appStarted || before
    ? { status: 'True' }
    : { status: 'False', reason: 'ContainersNotInitialized', message };
}

function containersReadyVerdict({ pod, phase, init, app }: ConditionsInput): Verdict {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const unknown: string[] = [];
  const unready: string[] = [];
  const look = (name: string, statuses: readonly ContainerStatus[]): void => {
    const status = statuses.find((s) => s.name === name);
    if (status === undefined) unknown.push(name);
    else if (!status.ready) unready.push(name);
  };
  for (const container of pod.spec.initContainers ?? []) if (isSidecar(container)) look(container.name, init);
  for (const container of pod.spec.containers) look(container.name, app);
  const message = listed('containers with unknown status', unknown, 'containers with unready status', unready);
  return message === undefined ? { status: 'True' } : { status: 'False', reason: 'ContainersNotReady', message };
}

function readyVerdict({ pod, previous }: ConditionsInput, containersReady: Verdict): Verdict {
  if (containersReady.status === 'False') return containersReady;
  const problems = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const gate = previous.find((c) => c.type === conditionType);
    if (gate === undefined) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    return gate.status === 'True' ? [] : [`the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`];
  });
  return problems.length === 0 ? { status: 'True' } : { status: 'False', reason: 'ReadinessGatesNotReady', message: problems.join(', ') };
}

function listed(...parts: readonly (string | readonly string[])[]): string | undefined {
  const texts: string[] = [];
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const [what, names] = [parts[i], parts[i + 1]];
    if (Array.isArray(names) && names.length > 0) texts.push(`${String(what)}: [${names.join(' ')}]`);
  }
  return texts.length === 0 ? undefined : texts.join(', ');
}
