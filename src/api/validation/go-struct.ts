/**
 * Objects as Go's internal types print as JSON: every field, under its Go name, absent ones as their
 * zero values. The error of a pod update shows the spec so.
 */
import { isObject } from '../own.ts';
import { typePlan } from '../schema/plan.ts';
import type { FieldPlan, TypePlan } from '../schema/plan.ts';
import type { TypeName } from '../schema/schema.ts';

/** Go names that are not the JSON name with a capital. */
const GO_NAMES: Readonly<Record<string, string>> = {
  dnsPolicy: 'DNSPolicy',
  dnsConfig: 'DNSConfig',
  tty: 'TTY',
  httpGet: 'HTTPGet',
  httpHeaders: 'HTTPHeaders',
  tcpSocket: 'TCPSocket',
  grpc: 'GRPC',
  apiVersion: 'APIVersion',
  seLinuxOptions: 'SELinuxOptions',
  seLinuxChangePolicy: 'SELinuxChangePolicy',
  fsGroup: 'FSGroup',
  fsGroupChangePolicy: 'FSGroupChangePolicy',
  fsType: 'FSType',
  os: 'OS',
  ip: 'IP',
  gcePersistentDisk: 'GCEPersistentDisk',
  awsElasticBlockStore: 'AWSElasticBlockStore',
  nfs: 'NFS',
  iscsi: 'ISCSI',
  rbd: 'RBD',
  cephfs: 'CephFS',
  fc: 'FC',
  storageos: 'StorageOS',
  csi: 'CSI',
};

/** Internal field order and place where they are not those of the v1 type. `security:` marks what moved into the security context. */
const ORDERS: Readonly<Record<string, readonly string[]>> = {
  'core/v1.PodSpec': [
    'volumes',
    'initContainers',
    'containers',
    'ephemeralContainers',
    'restartPolicy',
    'terminationGracePeriodSeconds',
    'activeDeadlineSeconds',
    'dnsPolicy',
    'nodeSelector',
    'serviceAccountName',
    'automountServiceAccountToken',
    'nodeName',
    'securityContext',
    'imagePullSecrets',
    'hostname',
    'subdomain',
    'setHostnameAsFQDN',
    'affinity',
    'schedulerName',
    'tolerations',
    'hostAliases',
    'priorityClassName',
    'priority',
    'preemptionPolicy',
    'dnsConfig',
    'readinessGates',
    'runtimeClassName',
    'overhead',
    'enableServiceLinks',
    'topologySpreadConstraints',
    'os',
    'schedulingGates',
    'resourceClaims',
    'resources',
    'hostnameOverride',
    'schedulingGroup',
  ],
  'core/v1.PodSecurityContext': [
    'hostNetwork',
    'hostPID',
    'hostIPC',
    'shareProcessNamespace',
    'hostUsers',
    'seLinuxOptions',
    'windowsOptions',
    'runAsUser',
    'runAsGroup',
    'runAsNonRoot',
    'supplementalGroups',
    'supplementalGroupsPolicy',
    'fsGroup',
    'fsGroupChangePolicy',
    'sysctls',
    'seccompProfile',
    'appArmorProfile',
    'seLinuxChangePolicy',
  ],
  'core/v1.Volume': [
    'name',
    'hostPath',
    'emptyDir',
    'gcePersistentDisk',
    'awsElasticBlockStore',
    'gitRepo',
    'secret',
    'nfs',
    'iscsi',
    'glusterfs',
    'persistentVolumeClaim',
    'rbd',
    'quobyte',
    'flexVolume',
    'cinder',
    'cephfs',
    'flocker',
    'downwardAPI',
    'fc',
    'azureFile',
    'configMap',
    'vsphereVolume',
    'azureDisk',
    'photonPersistentDisk',
    'projected',
    'portworxVolume',
    'scaleIO',
    'storageos',
    'csi',
    'ephemeral',
    'image',
  ],
};
const ZEROS: Readonly<Record<string, unknown>> = { string: '', bool: false, int32: 0, int64: 0, double: 0, intOrString: 0 };

/** Host namespaces stand in the spec outside, in its security context inside. */
const MOVED = ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace', 'hostUsers'] as const;

const goName = (field: string): string => GO_NAMES[field] ?? field.charAt(0).toUpperCase() + field.slice(1);

/** The lines of a pod spec as Go prints its internal form, one space a level. */
export function podSpecLines(spec: object): string[] {
  const source = { ...spec } as Record<string, unknown>;
  const context = isObject(source['securityContext']) ? { ...source['securityContext'] } : {};
  for (const field of MOVED) if (source[field] !== undefined) context[field] = source[field];
  const form = structOf(typePlan('core/v1.PodSpec' satisfies TypeName), { ...source, securityContext: context });
  return JSON.stringify(form, null, 1).split('\n');
}

function structOf(plan: TypePlan, value: Record<string, unknown>): Record<string, unknown> {
  const moved = plan.name === 'core/v1.PodSecurityContext' ? typePlan('core/v1.PodSpec').byName : undefined;
  const out: Record<string, unknown> = {};
  for (const name of ORDERS[plan.name] ?? plan.fields.map((field) => field.name)) {
    const field = plan.byName.get(name) ?? moved?.get(name);
    if (field !== undefined) out[goName(name)] = valueOf(field, value[name]);
  }
  return out;
}

function valueOf(field: FieldPlan, value: unknown): unknown {
  if (value === undefined || value === null) return zeroOf(field);
  const one = (item: unknown): unknown => (field.type !== undefined && isObject(item) ? structOf(field.type, item) : item);
  if (field.shape === 'list') return Array.isArray(value) && value.length > 0 ? value.map(one) : null;
  if (field.shape === 'map') {
    const entries = isObject(value) ? Object.entries(value) : [];
    return entries.length === 0 ? null : Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, one(v)]));
  }
  return one(value);
}

function zeroOf(field: FieldPlan): unknown {
  if (field.shape !== 'one' || field.record.pointer === true) return null;
  if (field.type !== undefined) return field.written ? structOf(field.type, {}) : null;
  return ZEROS[field.scalar ?? ''] ?? null;
}
