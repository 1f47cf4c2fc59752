/** Objects as a Table, which is what `kubectl get` prints (apiserver `pkg/endpoints/handlers/response.go`). */
import { numberAt, textAt, valueAt } from '../fields.ts';
import type { Column, ResourceDefinition, ResourceName, resources } from '../resources.ts';
import type { ListMeta, Loose, ObjectOf } from '../types.ts';
import { age, containerCells, labelText } from './cells.ts';
import type { Cell, Cells, PrintContext } from './cells.ts';
import { claimCells, componentCells, endpointsCells, eventCells, nodeCells, quotaCells, serviceCells, volumeCells } from './core.ts';
import {
  apiServiceCells,
  bindingCells,
  disruptionBudgetCells,
  endpointSliceCells,
  ingressCells,
  ingressClassCells,
  networkPolicyCells,
  signingRequestCells,
  storageClassCells,
} from './others.ts';
import { podCells, podConditions } from './pods.ts';
import {
  autoscalerCells,
  controllerRevisionCells,
  cronJobCells,
  daemonSetCells,
  deploymentCells,
  jobCells,
  replicaSetCells,
  replicationControllerCells,
  statefulSetCells,
} from './workloads.ts';

type Resources = typeof resources;
type AnyOf<N extends ResourceName> = Loose<ObjectOf<Resources[N]['type']>>;
type Printer<O> = (object: O, context: PrintContext) => Cells;

const count = (value: unknown): number => (typeof value === 'object' && value !== null ? Object.keys(value).length : 0);
/** A printer that copies text from paths. */
const texts =
  (paths: Readonly<Record<string, string>>): Printer<object> =>
  (object) =>
    Object.fromEntries(Object.entries(paths).map(([column, path]) => [column, textAt(object, ...path.split('.'))]));

const printers: { readonly [N in ResourceName]?: Printer<AnyOf<N>> } = {
  pods: podCells,
  nodes: nodeCells,
  services: serviceCells,
  endpoints: endpointsCells,
  events: eventCells,
  'events.events.k8s.io': eventCells,
  namespaces: texts({ Status: 'status.phase' }),
  configmaps: ({ data, binaryData }) => ({ Data: count(data) + count(binaryData) }),
  secrets: ({ type = '', data }) => ({ Type: type, Data: count(data) }),
  podtemplates: ({ template }) => ({ ...containerCells(template), 'Pod Labels': labelText(template?.metadata?.labels) }),
  persistentvolumeclaims: claimCells,
  persistentvolumes: volumeCells,
  resourcequotas: quotaCells,
  componentstatuses: componentCells,
  replicationcontrollers: replicationControllerCells,
  'leases.coordination.k8s.io': texts({ Holder: 'spec.holderIdentity' }),
  'deployments.apps': deploymentCells,
  'replicasets.apps': replicaSetCells,
  'daemonsets.apps': daemonSetCells,
  'statefulsets.apps': statefulSetCells,
  'controllerrevisions.apps': controllerRevisionCells,
  'jobs.batch': jobCells,
  'cronjobs.batch': cronJobCells,
  'horizontalpodautoscalers.autoscaling': autoscalerCells,
  'rolebindings.rbac.authorization.k8s.io': bindingCells,
  'clusterrolebindings.rbac.authorization.k8s.io': bindingCells,
  'storageclasses.storage.k8s.io': storageClassCells,
  'poddisruptionbudgets.policy': disruptionBudgetCells,
  'ingresses.networking.k8s.io': ingressCells,
  'ingressclasses.networking.k8s.io': ingressClassCells,
  'networkpolicies.networking.k8s.io': networkPolicyCells,
  'endpointslices.discovery.k8s.io': endpointSliceCells,
  'certificatesigningrequests.certificates.k8s.io': signingRequestCells,
  'apiservices.apiregistration.k8s.io': apiServiceCells,
  'runtimeclasses.node.k8s.io': texts({ Handler: 'handler' }),
  'priorityclasses.scheduling.k8s.io': (object) => ({
    Value: object.value ?? 0,
    'Global-Default': object.globalDefault ?? false,
    PreemptionPolicy: object.preemptionPolicy ?? '',
  }),
  'csinodes.storage.k8s.io': ({ spec }) => ({ Drivers: (spec?.drivers ?? []).length }),
  'volumeattachments.storage.k8s.io': ({ spec, status }) => ({
    Attacher: spec?.attacher ?? '',
    PV: spec?.source?.persistentVolumeName ?? '',
    Node: spec?.nodeName ?? '',
    Attached: status?.attached ?? false,
  }),
  'volumeattributesclasses.storage.k8s.io': texts({ DriverName: 'driverName' }),
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': ({ webhooks }) => ({ Webhooks: (webhooks ?? []).length }),
  'validatingwebhookconfigurations.admissionregistration.k8s.io': ({ webhooks }) => ({ Webhooks: (webhooks ?? []).length }),
  'servicecidrs.networking.k8s.io': ({ spec }) => ({ CIDRs: (spec?.cidrs ?? []).join(',') }),
  'flowschemas.flowcontrol.apiserver.k8s.io': (object) => ({
    PriorityLevel: textAt(object, 'spec', 'priorityLevelConfiguration', 'name'),
    MatchingPrecedence: numberAt(object, 'spec', 'matchingPrecedence'),
    DistinguisherMethod: textAt(object, 'spec', 'distinguisherMethod', 'type') || '<none>',
  }),
};

const GENERIC: readonly Column[] = [
  ['Name', 'string', 'name', 0],
  ['Created At', 'date', '', 0],
];

export interface TableOptions {
  /** Milliseconds since 1970; ages count from there. */
  readonly now: number;
  /** What a row carries of its object; Metadata unless told. */
  readonly includeObject?: 'None' | 'Metadata' | 'Object' | undefined;
  /** metadata of the Table: that of the list, or resourceVersion of the one object. */
  readonly listMeta?: ListMeta | undefined;
  readonly apiVersion?: 'meta.k8s.io/v1' | 'meta.k8s.io/v1beta1' | undefined;
  /** false leaves the column definitions out, as in a watch after its first event. */
  readonly columns?: boolean | undefined;
}

export interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}
export interface TableRow {
  readonly cells: readonly Cell[];
  readonly conditions?: readonly object[];
  readonly object: unknown;
}
export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: string;
  readonly metadata: ListMeta;
  readonly columnDefinitions: readonly ColumnDefinition[] | null;
  readonly rows: readonly TableRow[];
}

/** A Table of objects of one resource, every column of it: the client hides the wide ones. */
export function toTable(of: ResourceDefinition, objects: readonly object[], options: TableOptions): Table {
  const { apiVersion = 'meta.k8s.io/v1', includeObject = 'Metadata', listMeta = {} } = options;
  const columns = of.columns ?? GENERIC;
  const name = of.group === '' ? of.resource : `${of.resource}.${of.group}`;
  const printer = Object.hasOwn(printers, name) ? (printers as Readonly<Record<string, Printer<object> | undefined>>)[name] : undefined;
  const rows = objects.map((object): TableRow => {
    const cells = printer?.(object, options) ?? {};
    const conditions = of.resource === 'pods' && of.group === '' ? podConditions(object) : undefined;
    return {
      cells: columns.map(([column]) => (Object.hasOwn(cells, column) ? (cells[column] ?? null) : commonCell(column, object, options))),
      ...(conditions && { conditions }),
      object: rowObject(of, object, includeObject, apiVersion),
    };
  });
  return {
    kind: 'Table',
    apiVersion,
    metadata: listMeta,
    columnDefinitions: options.columns === false ? null : columns.map(definition),
    rows,
  };
}

const definition = ([name, type, format, priority]: Column): ColumnDefinition => ({ name, type, format, description: '', priority });

function commonCell(column: string, object: object, context: PrintContext): Cell {
  const created = textAt(object, 'metadata', 'creationTimestamp');
  switch (column) {
    case 'Name':
      return textAt(object, 'metadata', 'name');
    case 'Age':
      return age(created, context);
    case 'Created At':
      return created === '' ? '<unknown>' : created;
    default:
      return '';
  }
}

function rowObject(of: ResourceDefinition, object: object, include: 'None' | 'Metadata' | 'Object', apiVersion: string): unknown {
  if (include === 'None') return null;
  if (include === 'Metadata') return { kind: 'PartialObjectMetadata', apiVersion, metadata: valueAt(object, 'metadata') ?? {} };
  return { kind: of.kind, apiVersion: of.group === '' ? of.version : `${of.group}/${of.version}`, ...object };
}
