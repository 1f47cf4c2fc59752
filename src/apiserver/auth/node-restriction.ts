/** Keeps a kubelet's writes to its own node and pods (kubernetes `plugin/pkg/admission/noderestriction/admission.go`). */
import { jsonEqual } from '../../api/own.ts';
import { resources } from '../../api/resources.ts';
import { forbidden, notFound, type StatusError } from '../../api/status.ts';
import type { Lease, Node, ObjectOf, Pod, TokenRequest } from '../../api/types.ts';
import { parseCertificateRequest } from '../../auth/x509/x509.ts';
import { errorText } from '../../util/log.ts';
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from '../endpoint.ts';
import { nodeNameOf } from './node-authorizer.ts';
import { podReferences } from './pod-references.ts';

type Check = (request: AdmissionRequest, node: string, objects: ObjectReader) => void;

/** Refuses with 403 what a node user may not write; other users pass. */
export const nodeRestrictionAdmission: AdmissionPlugin = (request, objects) => {
  const node = nodeNameOf(request.user);
  if (node === undefined) return;
  const { group, resource } = request.resource;
  const plain = group === '' ? resource : `${resource}.${group}`;
  CHECKS[request.subresource === '' ? plain : `${plain}/${request.subresource}`]?.(request, node, objects);
};

const CHECKS: Readonly<Record<string, Check>> = {
  pods: (request, node, objects) => {
    if (request.operation === 'create') mirrorPod(request, node, objects);
    else if (request.operation === 'delete') ownPod(request, node, objects, 'can only delete pods with spec.nodeName set to itself');
    else throw refuse(request, `unexpected operation "UPDATE", node ${q(node)} can only create and delete mirror pods`);
  },
  'pods/status': (request, node, objects) => {
    ownPod(request, node, objects, 'can only update pod status for pods with spec.nodeName set to itself');
    if (!jsonEqual(request.object?.metadata.labels ?? {}, request.before?.metadata.labels ?? {}))
      throw refuse(request, `node ${q(node)} cannot update labels through pod status`);
  },
  'pods/eviction': (request, node, objects) => ownPod(request, node, objects, 'can only evict pods with spec.nodeName set to itself'),
  nodes: ownNode,
  'nodes/status': ownNode,
  'serviceaccounts/token': podToken,
  'leases.coordination.k8s.io': (request, node) => {
    if (request.namespace !== 'kube-node-lease') throw refuse(request, 'can only access leases in the "kube-node-lease" system namespace');
    const name = request.operation === 'create' ? (request.object as Lease | undefined)?.metadata.name : request.name;
    if (name !== node) throw refuse(request, 'can only access node lease with the same name as the requesting node');
  },
  'resourceslices.resource.k8s.io': (request, node, objects) => {
    const { operation, name } = request;
    if (operation !== 'create' && operation !== 'delete') return;
    const resource = resources['resourceslices.resource.k8s.io'];
    const slice = operation === 'create' ? (request.object as ObjectOf<typeof resource.type> | undefined) : objects.get(resource, '', name);
    if (slice !== undefined && slice.spec.nodeName !== node)
      throw refuse(request, `can only ${operation} ResourceSlice with the same NodeName as the requesting node`);
  },
  'certificatesigningrequests.certificates.k8s.io': (request, node) => {
    if (request.operation !== 'create') return;
    const spec = (request.object as CertificateSigningRequest | undefined)?.spec;
    if (spec === undefined || !KUBELET_SIGNERS.has(spec.signerName)) return;
    if (commonNameOf(request, spec.request) !== `system:node:${node}`)
      throw refuse(request, `can only create a node CSR with CN=system:node:${node}`);
  },
  'csinodes.storage.k8s.io': (request, node) => {
    const name = request.operation === 'create' ? request.object?.metadata.name : request.name;
    if (name !== node) throw refuse(request, 'can only access CSINode with the same name as the requesting node');
  },
};

type CertificateSigningRequest = ObjectOf<'certificates/v1.CertificateSigningRequest'>;

const q = JSON.stringify;
const KUBELET_SIGNERS: ReadonlySet<string> = new Set(['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet']);

function commonNameOf(request: AdmissionRequest, encoded: string): string | undefined {
  try {
    return parseCertificateRequest(Buffer.from(encoded, 'base64').toString('latin1')).subject.commonName;
  } catch (error) {
    throw refuse(request, `unable to parse csr: ${errorText(error)}`);
  }
}

function refuse(request: AdmissionRequest, why: string): StatusError {
  return forbidden(request.resource, request.name === '' ? (request.object?.metadata.name ?? '') : request.name, why);
}

function mirrorPod(request: AdmissionRequest, node: string, objects: ObjectReader): void {
  const pod = request.object as Pod | undefined;
  const problem = pod === undefined ? undefined : mirrorPodProblem(pod, node, objects);
  if (problem !== undefined) throw refuse(request, problem);
}

function mirrorPodProblem(pod: Pod, node: string, objects: ObjectReader): string | undefined {
  const who = `node ${q(node)}`;
  if (pod.metadata.annotations?.['kubernetes.io/config.mirror'] === undefined)
    return `pod does not have "kubernetes.io/config.mirror" annotation, ${who} can only create mirror pods`;
  if (pod.spec?.nodeName !== node) return `${who} can only create pods with spec.nodeName set to itself`;
  const [owner, ...others] = pod.metadata.ownerReferences ?? [];
  if (others.length > 0) return `${who} can only create pods with a single owner reference set to itself`;
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node)
    return `${who} can only create pods with an owner reference set to itself`;
  if (owner.controller !== true) return `${who} can only create pods with a controller owner reference set to itself`;
  if (owner.blockOwnerDeletion === true) return `${who} must not set blockOwnerDeletion on an owner reference`;
  const uid = objects.get(resources.nodes, '', node)?.metadata.uid;
  if (uid === undefined) return `node ${q(node)} not found`;
  if (owner.uid !== uid) return `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`;
  const references = podReferences(pod);
  if (references.serviceaccounts.size > 0) return `${who} can not create pods that reference a service account`;
  for (const kind of ['secrets', 'configmaps', 'persistentvolumeclaims'] as const)
    if (references[kind].size > 0) return `${who} can not create pods that reference ${kind}`;
  if ((pod.spec.resourceClaims ?? []).length > 0) return `${who} can not create pods that reference resourceclaims`;
  return undefined;
}

function ownPod(request: AdmissionRequest, node: string, objects: ObjectReader, what: string): void {
  const pod = objects.get(resources.pods, request.namespace, request.name);
  if (pod !== undefined && pod.spec.nodeName !== node) throw refuse(request, `node ${q(node)} ${what}`);
}

function ownNode(request: AdmissionRequest, node: string): void {
  const object = request.object as Node | undefined;
  const before = request.before as Node | undefined;
  const name = request.operation === 'create' ? (object?.metadata.name ?? request.name) : request.name;
  const who = `node ${q(node)}`;
  if (name !== node) throw refuse(request, `${who} is not allowed to modify node ${q(name)}`);
  if (object === undefined) return;
  const labels = forbiddenLabels(object, before);
  if (request.operation === 'create') {
    if (labels.length > 0) throw refuse(request, `${who} is not allowed to set the following labels: ${labels.join(', ')}`);
    return;
  }
  if (!jsonEqual(object.spec?.taints ?? [], before?.spec?.taints ?? [])) throw refuse(request, `${who} is not allowed to modify taints`);
  if (labels.length > 0) throw refuse(request, `${who} is not allowed to modify labels: ${labels.join(', ')}`);
  if (!jsonEqual(object.metadata.ownerReferences ?? [], before?.metadata.ownerReferences ?? []))
    throw refuse(request, `${who} is not allowed to modify ownerReferences`);
}

/** Labels of Kubernetes' own that a kubelet may set on its node (kubelet `apis/well_known_labels.go`). */
const KUBELET_LABELS: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
]);
const KUBELET_NAMESPACES = ['kubelet.kubernetes.io', 'node.kubernetes.io'];

function forbiddenLabels(object: Node, before: Node | undefined): string[] {
  const now = object.metadata.labels ?? {};
  const then = before?.metadata.labels ?? {};
  const changed = [...new Set([...Object.keys(now), ...Object.keys(then)])].filter((label) => now[label] !== then[label]);
  return changed.filter(isForbiddenLabel).sort();
}

function isForbiddenLabel(label: string): boolean {
  const namespace = label.includes('/') ? label.slice(0, label.indexOf('/')) : '';
  const within = (domain: string): boolean => namespace === domain || namespace.endsWith(`.${domain}`);
  if (within('node-restriction.kubernetes.io')) return true;
  if (!within('kubernetes.io') && !within('k8s.io')) return false;
  return !KUBELET_LABELS.has(label) && !KUBELET_NAMESPACES.some(within);
}

/** A node may ask for tokens of its pods only, each bound to its pod. */
function podToken(request: AdmissionRequest, node: string, objects: ObjectReader): void {
  if (request.operation !== 'create') return;
  const ref = (request.object as unknown as TokenRequest | undefined)?.spec?.boundObjectRef;
  if (ref?.apiVersion !== 'v1' || ref.kind !== 'Pod' || (ref.name ?? '') === '')
    throw refuse(request, 'node requested token not bound to a pod');
  if ((ref.uid ?? '') === '') throw refuse(request, 'node requested token with a pod binding without a uid');
  const pod = objects.get(resources.pods, request.namespace, ref.name ?? '');
  if (pod === undefined) throw notFound(resources.pods, ref.name ?? '');
  if (pod.metadata.uid !== ref.uid)
    throw refuse(
      request,
      `the UID in the bound object reference (${ref.uid ?? ''}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  if (pod.spec.nodeName !== node) throw refuse(request, 'node requested token bound to a pod scheduled on a different node');
}
