/** Defaults that depend on other fields, by type (`defaults.go` of each group in `pkg/apis`). Each changes its object in place. */
import { defaultPullPolicy } from '../image-name.ts';
import { formatQuantity, parseQuantity, quantityOfMilli } from '../quantity.ts';
import type { QuantityFormat } from '../quantity.ts';
import type { TypeName } from '../schema/schema.ts';
import type { Loose, ObjectOf, Pod } from '../types.ts';

type Rules = { readonly [N in TypeName]?: (object: Loose<ObjectOf<N>>) => void };
type ContainerLike = Loose<ObjectOf<'core/v1.Container'>>;
type TemplateLike = Loose<ObjectOf<'core/v1.PodTemplateSpec'>>;

const RBAC = 'rbac.authorization.k8s.io';

const pullPolicy = (container: ContainerLike): void => {
  container.imagePullPolicy ||= defaultPullPolicy(container.image ?? '');
};

/** Requests of what is limited and not requested. */
function requestsFromLimits(owner: { resources?: ContainerLike['resources'] }): void {
  const limits = owner.resources?.limits;
  if (limits === undefined || owner.resources === undefined) return;
  const requests = (owner.resources.requests ??= {});
  for (const [name, limit] of Object.entries(limits)) requests[name] ??= limit;
}

/** Amounts of resources are rounded up to a thousandth. */
function roundToMilli(amounts: Record<string, string | undefined> | undefined): void {
  for (const [name, text] of Object.entries(amounts ?? {})) {
    if (text === undefined || amounts === undefined) continue;
    const { nanos, format } = parseQuantity(text);
    if (nanos % 1_000_000n !== 0n) amounts[name] = rounded(nanos, format);
  }
}
const rounded = (nanos: bigint, format: QuantityFormat): string =>
  formatQuantity({ nanos: quantityOfMilli((nanos + (nanos > 0n ? 999_999n : 0n)) / 1_000_000n).nanos, format });

const hostPorts = (container: ContainerLike): void => {
  for (const port of container.ports ?? []) if (!port.hostPort && port.containerPort !== undefined) port.hostPort = port.containerPort;
};

function podDefaults(pod: Loose<Pod>): void {
  const spec = (pod.spec ??= {});
  spec.enableServiceLinks ??= true;
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  containers.forEach(requestsFromLimits);
  if (spec.hostNetwork === true) containers.forEach(hostPorts);
  podLevelRequests(spec);
}

/** Requests of the whole pod: the sum of its containers' when all have one, else the pod's limit. */
function podLevelRequests(spec: NonNullable<Loose<Pod>['spec']>): void {
  const { resources } = spec;
  if (resources?.limits === undefined) return;
  const requests = (resources.requests ??= {});
  for (const [name, limit] of Object.entries(resources.limits)) {
    const asked = (spec.containers ?? []).some((c) => c.resources?.requests?.[name] !== undefined);
    if (!asked) requests[name] ??= limit;
  }
}

function serviceDefaults(spec: Loose<ObjectOf<'core/v1.ServiceSpec'>>): void {
  if (spec.sessionAffinity === 'ClientIP') {
    const client = ((spec.sessionAffinityConfig ??= {}).clientIP ??= {});
    client.timeoutSeconds ??= 10_800;
  } else delete spec.sessionAffinityConfig;
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    if ((port.targetPort === undefined || port.targetPort === '' || port.targetPort === 0) && port.port !== undefined)
      port.targetPort = port.port;
  }
  const external = spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.externalIPs ?? []).length > 0;
  if (external) spec.externalTrafficPolicy ||= 'Cluster';
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer' || spec.type === 'ClusterIP') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
}

/** Labels (and a selector) of the template where the object has none: ReplicationController and Job. */
function labelsFromTemplate(
  object: { metadata?: { labels?: Record<string, string | undefined> | undefined } | undefined },
  template: TemplateLike | undefined,
): void {
  const labels = template?.metadata?.labels;
  if (labels === undefined || Object.keys(labels).length === 0) return;
  const metadata = (object.metadata ??= {});
  if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
}

const subjectGroup = (subject: Loose<ObjectOf<'rbac/v1.Subject'>>): void => {
  if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= RBAC;
};

/** Limits stand in for defaults, defaults for default requests, minima for default requests. */
function limitRangeItem(item: Loose<ObjectOf<'core/v1.LimitRangeItem'>>): void {
  if (item.type !== 'Container') return;
  const limits = (item.default ??= {});
  const requests = (item.defaultRequest ??= {});
  for (const [name, value] of Object.entries(item.max ?? {})) limits[name] ??= value;
  for (const [name, value] of Object.entries(limits)) requests[name] ??= value;
  for (const [name, value] of Object.entries(item.min ?? {})) requests[name] ??= value;
}

export const defaultRules: Rules = {
  'core/v1.Container': pullPolicy,
  'core/v1.EphemeralContainer': pullPolicy,
  'core/v1.ImageVolumeSource': (source) => {
    source.pullPolicy ||= defaultPullPolicy(source.reference ?? '');
  },
  'core/v1.Pod': podDefaults,
  'core/v1.PodSpec': (spec) => {
    const name = spec.serviceAccountName || spec.serviceAccount;
    if (name) spec.serviceAccountName = spec.serviceAccount = name;
  },
  'core/v1.ResourceRequirements': (resources) => {
    roundToMilli(resources.limits);
    roundToMilli(resources.requests);
  },
  'core/v1.VolumeResourceRequirements': (resources) => {
    roundToMilli(resources.limits);
    roundToMilli(resources.requests);
  },
  'core/v1.Volume': (volume) => {
    if (Object.keys(volume).every((key) => key === 'name')) volume.emptyDir = {};
  },
  'core/v1.ServiceSpec': serviceDefaults,
  'core/v1.Secret': (secret) => {
    for (const [key, text] of Object.entries(secret.stringData ?? {}))
      (secret.data ??= {})[key] = Buffer.from(text ?? '').toString('base64');
    delete secret.stringData;
  },
  'core/v1.Namespace': (namespace) => {
    const name = namespace.metadata?.name;
    if (name && namespace.metadata) (namespace.metadata.labels ??= {})['kubernetes.io/metadata.name'] = name;
  },
  'core/v1.NodeStatus': (status) => {
    roundToMilli(status.capacity);
    if (status.allocatable === undefined && status.capacity !== undefined) status.allocatable = { ...status.capacity };
    roundToMilli(status.allocatable);
  },
  'core/v1.ReplicationController': (rc) => {
    const template = rc.spec?.template;
    labelsFromTemplate(rc, template);
    const labels = template?.metadata?.labels;
    if (rc.spec && labels && Object.keys(rc.spec.selector ?? {}).length === 0) rc.spec.selector = { ...labels };
  },
  'core/v1.LimitRangeItem': limitRangeItem,
  'apps/v1.DeploymentStrategy': (strategy) => {
    if ((strategy.type || 'RollingUpdate') === 'RollingUpdate') strategy.rollingUpdate ??= {};
  },
  'apps/v1.DaemonSetUpdateStrategy': (strategy) => {
    if ((strategy.type || 'RollingUpdate') === 'RollingUpdate') strategy.rollingUpdate ??= {};
  },
  'apps/v1.StatefulSetUpdateStrategy': (strategy) => {
    if ((strategy.type || 'RollingUpdate') === 'RollingUpdate') strategy.rollingUpdate ??= {};
  },
  'batch/v1.Job': (job) => {
    const spec = (job.spec ??= {});
    if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
    spec.parallelism ??= 1;
    spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : 2_147_483_647;
    spec.completionMode ??= 'NonIndexed';
    spec.suspend ??= false;
    spec.manualSelector ??= false;
    spec.podReplacementPolicy ??= spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed';
    labelsFromTemplate(job, spec.template);
  },
  'autoscaling/v2.HorizontalPodAutoscalerSpec': (spec) => {
    if ((spec.metrics ?? []).length === 0) {
      spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }];
    }
  },
  'networking/v1.NetworkPolicySpec': (spec) => {
    if ((spec.policyTypes ?? []).length === 0) spec.policyTypes = (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  'rbac/v1.Subject': subjectGroup,
  'apiextensions/v1.CustomResourceDefinitionSpec': (spec) => {
    const { names } = spec;
    if (names === undefined) return;
    if (names.kind) {
      names.singular ||= names.kind.toLowerCase();
      names.listKind ||= `${names.kind}List`;
    }
  },
};
