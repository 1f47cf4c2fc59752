/** Why a pod does not run: from the pod, its events and its node, in words that say what to do. */
import { untolerated } from '../../api/taints.ts';
import type { ContainerStatus, Event, Node, Pod } from '../../api/types.ts';
import { pressureAdvice } from './pressure.ts';

export interface Facts {
  readonly pod: Pod;
  /** Events about the pod. */
  readonly events: readonly Event[];
  /** The node that the pod is bound to, when it is there. */
  readonly node: Node | undefined;
  /** Every node; undefined for who may not see them. */
  readonly nodes: readonly Node[] | undefined;
  readonly now: number;
}

export interface Finding {
  /** What the pod waits for, or what became of it. */
  readonly waits: string;
  /** RFC 3339, when it is known. */
  readonly since?: string;
  readonly advice: string;
}

/** Everything that keeps the pod from running, the deepest cause first; nothing when it runs and is ready. */
export function explain(facts: Facts): Finding[] {
  const { pod } = facts;
  const { status = {}, metadata } = pod;
  if (metadata.deletionTimestamp !== undefined) return [ending(facts)];
  if (status.phase === 'Succeeded') return [];
  if (status.phase === 'Failed') return [failed(facts)];
  const scheduled = status.conditions?.find((c) => c.type === 'PodScheduled');
  if (pod.spec?.nodeName === undefined || pod.spec.nodeName === '') return [unscheduled(facts, scheduled)];
  const away = nodeAway(facts);
  if (away) return [away];
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].flatMap((c) =>
    containerFinding(facts, c),
  );
  const found = [...mountFindings(facts), ...sandboxFindings(facts), ...containers];
  if (found.length > 0) return found;
  return [...probeFindings(facts), ...gateFindings(facts), ...notStarted(facts)];
}

const sinceOf = (...times: readonly (string | undefined)[]): Pick<Finding, 'since'> => {
  const since = times.find((time) => time !== undefined && time !== '');
  return since === undefined ? {} : { since };
};

/** The newest event of one of these reasons. */
function newest({ events }: Facts, ...reasons: readonly string[]): Event | undefined {
  return events.filter((event) => reasons.includes(event.reason ?? '')).toSorted((a, b) => (eventTime(b) < eventTime(a) ? -1 : 1))[0];
}
const eventTime = (event: Event): string => event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp ?? '';

function ending({ pod }: Facts): Finding {
  const { deletionTimestamp, finalizers = [], deletionGracePeriodSeconds = 0 } = pod.metadata;
  if (finalizers.length > 0)
    return {
      waits: `its deletion waits for ${finalizers.length === 1 ? 'the finalizer' : 'the finalizers'} ${finalizers.join(', ')}`,
      ...sinceOf(deletionTimestamp),
      advice: 'See why the controller of the finalizer does not remove it, or take it out of metadata.finalizers yourself.',
    };
  return {
    waits: `its containers end: it was deleted and has ${deletionGracePeriodSeconds}s for that`,
    ...sinceOf(deletionTimestamp),
    advice: 'Wait, or end it at once with `kubectl delete pod --grace-period=0 --force`.',
  };
}

const FAILURES: Readonly<Record<string, string>> = {
  Evicted: 'Free what the node was short of, or ask for less; a controller makes a new pod.',
  DeadlineExceeded: 'Raise spec.activeDeadlineSeconds, or make the work shorter.',
  NodeAffinity: 'Correct nodeSelector or affinity, or label the node.',
  NodePorts: 'Another pod holds the host port: choose another one, or delete that pod.',
  NodeShutdown: 'The node was shutting down; create the pod again.',
  Terminated: 'The node was shut down; create the pod again.',
  Preempting: 'A critical pod needed its place; create it again where there is room.',
  SysctlForbidden: "Allow the sysctl in the kubelet's allowedUnsafeSysctls, or take it out of the pod.",
  TaintToleration: 'Add a toleration to the pod, or remove the taint from the node.',
};

function failed({ pod }: Facts): Finding {
  const { reason, message, containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  if (reason !== undefined && reason !== '') {
    const advice = reason.startsWith('OutOf')
      ? `The node has not so much ${reason.slice('OutOf'.length)} left: ask for less, or delete other pods.`
      : ((reason === 'Evicted' ? pressureAdvice(message ?? '') : undefined) ??
        FAILURES[reason] ??
        'Read the message, correct the cause, and create the pod again.');
    return { waits: `it failed: ${reason}: ${(message ?? '').trim()}`, ...sinceOf(pod.status?.startTime), advice };
  }
  const ended = [...initContainerStatuses, ...containerStatuses].find((c) => (c.state?.terminated?.exitCode ?? 0) !== 0);
  const end = ended?.state?.terminated;
  return {
    waits: end ? `it failed: container ${ended?.name ?? ''} ${exitText(end)}` : 'it failed',
    ...sinceOf(end?.finishedAt),
    advice: `See \`kubectl logs ${pod.metadata.name ?? ''}${ended ? ` -c ${ended.name}` : ''}\`; with restartPolicy Never it is not started again.`,
  };
}

type Terminated = NonNullable<NonNullable<ContainerStatus['state']>['terminated']>;

function exitText({ exitCode, reason, message, signal }: Terminated): string {
  const how =
    reason === 'OOMKilled'
      ? 'was killed for want of memory'
      : signal
        ? `was ended by signal ${signal}`
        : `ended with exit code ${exitCode}`;
  return message === undefined || message.trim() === '' ? how : `${how}: ${message.trim()}`;
}

function unscheduled(facts: Facts, scheduled: { reason?: string; message?: string; lastTransitionTime?: string } | undefined): Finding {
  const { pod, nodes } = facts;
  const gates = (pod.spec?.schedulingGates ?? []).map((gate) => gate.name);
  const created = sinceOf(scheduled?.lastTransitionTime, pod.metadata.creationTimestamp);
  if (gates.length > 0)
    return {
      waits: `the scheduling gates ${gates.join(', ')}`,
      ...created,
      advice: 'Whoever set them removes them from spec.schedulingGates.',
    };
  if (nodes?.length === 0) return { waits: 'a node: there is none', ...created, advice: 'Start a kubelet that joins this cluster.' };
  const why = scheduled?.message ?? newest(facts, 'FailedScheduling')?.message;
  const ready = (nodes ?? []).filter((node) => readyOf(node) === 'True');
  if (nodes !== undefined && ready.length === 0)
    return { waits: 'a node that is ready: none is', ...created, advice: 'See `kubectl describe node` for its conditions.' };
  const tainted = ready.find((node) => untolerated(node.spec?.taints ?? [], pod.spec?.tolerations ?? [], ['NoSchedule', 'NoExecute']));
  if (why === undefined || why === '')
    return {
      waits: `the scheduler ${pod.spec?.schedulerName ?? 'default-scheduler'}, which has not looked at it`,
      ...created,
      advice: 'See that a scheduler of this name runs.',
    };
  const advice =
    claimAdvice(why, pod) ??
    (/Insufficient (\S+)/.exec(why)
      ? 'Ask for less in resources.requests, or delete pods that hold what it needs.'
      : /taint/.test(why) || tainted
        ? (pressureAdvice(`${why} ${tainted?.spec?.taints?.map(({ key }) => key).join(' ') ?? ''}`) ??
          'Add a toleration to the pod, or remove the taint from the node.')
        : /affinity|selector/.test(why)
          ? 'Correct nodeSelector or affinity, or label a node.'
          : /ports/.test(why)
            ? 'Another pod holds the host port: choose another one, or delete that pod.'
            : 'Read the message: each part names a reason and how many nodes have it.');
  return { waits: `a node: ${why}`, ...created, advice };
}

/** What to do about a claim or its volume; undefined when the text is about neither. */
function claimAdvice(text: string, { metadata: { namespace = '' }, spec }: Pod): string | undefined {
  const missing = /persistentvolumeclaims? "([^"]+)" not found/.exec(text)?.[1];
  if (missing !== undefined) return `Create the PersistentVolumeClaim ${missing} in namespace ${namespace}.`;
  const names = (spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);
  if (/unbound immediate PersistentVolumeClaims|PVC is not bound|persistent volumes to bind/.test(text))
    return `Make a PersistentVolume that suits the claim (class, size, access modes, node): \`kubectl describe pvc ${names.join(' ')}\` says what it waits for.`;
  if (/(claim "[^"]+" |PVC )is being deleted/.test(text))
    return 'The claim goes when no pod uses it any more: delete those that do, then create it again.';
  if (/non-existent persistentvolume|failed to fetch PV /.test(text))
    return 'The volume is gone, and its data with it: delete the claim, and create both again.';
  if (/PersistentVolume's node affinity|NodeAffinity check failed/.test(text))
    return 'The volume can be reached from other nodes alone: see `kubectl describe pv` for its node affinity.';
  if (/MountVolume\.NewMounter initialization failed/.test(text)) return 'Make the directory of the local volume on the node.';
  return /volumeMode|block volumes/.test(text) ? 'Use volumeMounts with a volume of volumeMode Filesystem.' : undefined;
}

const readyOf = (node: Node): string | undefined => node.status?.conditions?.find((c) => c.type === 'Ready')?.status;

function nodeAway({ pod, node, nodes }: Facts): Finding | undefined {
  if (nodes === undefined) return undefined;
  const name = pod.spec?.nodeName ?? '';
  if (node === undefined)
    return { waits: `its node ${name}, which is not there`, advice: 'Start the kubelet of that name, or delete the pod.' };
  const ready = node.status?.conditions?.find((c) => c.type === 'Ready');
  if (ready?.status === 'True') return undefined;
  return {
    waits: `its node ${name}, which is not ready: ${ready?.message ?? 'it has not said anything yet'}`,
    ...sinceOf(ready?.lastTransitionTime),
    advice:
      ready?.status === 'Unknown'
        ? 'The kubelet does not report: see that it runs.'
        : 'See `kubectl describe node` and the log of its kubelet.',
  };
}

function mountFindings(facts: Facts): Finding[] {
  const event = newest(facts, 'FailedMount', 'FailedAttachVolume');
  if (event === undefined || started(facts)) return [];
  const missing = /(configmap|secret) "([^"]+)" not found/.exec(event.message ?? '');
  const advice = missing
    ? `Create the ${missing[1] === 'secret' ? 'Secret' : 'ConfigMap'} ${missing[2]} in namespace ${facts.pod.metadata.namespace ?? ''}, or mark it optional.`
    : /hostPath/.test(event.message ?? '')
      ? 'Make the path on the node, or choose another hostPath type.'
      : (claimAdvice(event.message ?? '', facts.pod) ?? 'Read the message; the kubelet tries again by itself.');
  return [{ waits: `its volumes: ${event.message ?? ''}`, ...sinceOf(event.firstTimestamp), advice }];
}

function sandboxFindings(facts: Facts): Finding[] {
  const event = newest(facts, 'FailedCreatePodSandBox', 'NetworkNotReady');
  if (event === undefined || started(facts)) return [];
  return [
    {
      waits: `its sandbox: ${event.message ?? ''}`,
      ...sinceOf(event.firstTimestamp),
      advice: 'See that the container runtime and its network work: `kubectl describe node` shows both.',
    },
  ];
}

/** Whether any container was ever made: what held it up before is over then. */
const started = ({ pod: { status = {} } }: Facts): boolean =>
  [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].some(
    (c) => c.containerID !== undefined && c.containerID !== '',
  );

const WAITING: Readonly<Record<string, string>> = {
  ErrImageNeverPull: 'Load the image on the node (`nodelet image load`), or change imagePullPolicy.',
  ErrImagePull: 'See that the image exists under this name, and that the node may pull it (imagePullSecrets).',
  ImagePullBackOff: 'See that the image exists under this name, and that the node may pull it (imagePullSecrets).',
  ImageInspectError: 'The runtime cannot look at the image: see its log.',
  InvalidImageName: 'Correct the name of the image.',
  CreateContainerConfigError: 'Create what the message names, or mark the reference optional.',
  CreateContainerError: 'Read the message: the runtime refused the container.',
  RunContainerError: 'Correct the command, the working directory or the mounts that the message names.',
  PostStartHookError: 'Correct the postStart hook.',
};

function containerFinding(facts: Facts, c: ContainerStatus): Finding[] {
  const name = facts.pod.metadata.name ?? '';
  const { waiting } = c.state ?? {};
  const last = c.lastState?.terminated ?? c.state?.terminated;
  if (waiting?.reason === 'CrashLoopBackOff')
    return [
      {
        waits: `container ${c.name} to be started again: it ${last ? exitText(last) : 'ended'} (${c.restartCount} restarts)`,
        ...sinceOf(last?.finishedAt),
        advice:
          last?.reason === 'OOMKilled'
            ? 'Raise resources.limits.memory, or make it use less.'
            : `See \`kubectl logs ${name} -c ${c.name} --previous\`; the wait between starts grows to five minutes.`,
      },
    ];
  if (waiting?.reason !== undefined && waiting.reason !== 'ContainerCreating' && waiting.reason !== 'PodInitializing')
    return [
      {
        waits: `container ${c.name}: ${waiting.reason}${waiting.message ? `: ${waiting.message}` : ''}`,
        ...sinceOf(newest(facts, 'Failed', waiting.reason)?.firstTimestamp),
        advice: WAITING[waiting.reason] ?? 'Read the message.',
      },
    ];
  const restarts = (facts.pod.spec?.restartPolicy ?? 'Always') !== 'Never';
  if (c.state?.terminated && c.state.terminated.exitCode !== 0 && restarts)
    return [
      {
        waits: `container ${c.name} to be started again: it ${exitText(c.state.terminated)}`,
        ...sinceOf(c.state.terminated.finishedAt),
        advice: `See \`kubectl logs ${name} -c ${c.name}\`.`,
      },
    ];
  const isInit = (facts.pod.spec?.initContainers ?? []).some((i) => i.name === c.name && i.restartPolicy !== 'Always');
  if (isInit && c.state?.running)
    return [
      {
        waits: `init container ${c.name} to end`,
        ...sinceOf(c.state.running.startedAt),
        advice: `See \`kubectl logs ${name} -c ${c.name}\` for what it does.`,
      },
    ];
  return [];
}

function probeFindings(facts: Facts): Finding[] {
  return (facts.pod.status?.containerStatuses ?? []).flatMap((c): Finding[] => {
    if (c.ready || c.state?.running === undefined) return [];
    const kind = c.started === false ? 'Startup' : 'Readiness';
    const event = facts.events
      .filter(
        (e) => e.reason === 'Unhealthy' && (e.message ?? '').startsWith(kind) && (e.involvedObject.fieldPath ?? '').includes(`{${c.name}}`),
      )
      .toSorted((a, b) => (eventTime(b) < eventTime(a) ? -1 : 1))[0];
    return [
      {
        waits: `the ${kind.toLowerCase()} probe of container ${c.name}${event ? `: ${event.message ?? ''}` : ', which has not succeeded yet'}`,
        ...sinceOf(event?.firstTimestamp, c.state.running.startedAt),
        advice: 'See that the program answers on the port and path of the probe, and that the probe gives it enough time.',
      },
    ];
  });
}

function gateFindings({ pod }: Facts): Finding[] {
  const conditions = pod.status?.conditions ?? [];
  return (pod.spec?.readinessGates ?? []).flatMap(({ conditionType }): Finding[] => {
    const gate = conditions.find((c) => c.type === conditionType);
    if (gate?.status === 'True') return [];
    return [
      {
        waits: `the readiness gate ${conditionType}, which is ${gate === undefined ? 'not set' : gate.status}`,
        ...sinceOf(gate?.lastTransitionTime, conditions.find((c) => c.type === 'ContainersReady')?.lastTransitionTime),
        advice: `Whoever owns ${conditionType} sets it to True in the pod's status.`,
      },
    ];
  });
}

/** Bound, nothing failed, and nothing runs yet. */
function notStarted({ pod }: Facts): Finding[] {
  const { conditions = [], containerStatuses = [] } = pod.status ?? {};
  if (containerStatuses.length > 0 && containerStatuses.every((c) => c.state?.running ?? c.state?.terminated)) return [];
  const pulling = containerStatuses.find((c) => c.state?.waiting);
  return [
    {
      waits: pulling ? `container ${pulling.name} to be made (${pulling.state?.waiting?.reason ?? 'waiting'})` : 'the kubelet to take it',
      ...sinceOf(conditions.find((c) => c.type === 'PodScheduled')?.lastTransitionTime),
      advice: pulling
        ? 'Wait: an image may be on its way. `kubectl describe pod` shows the events.'
        : 'See that the kubelet of its node runs.',
    },
  ];
}
