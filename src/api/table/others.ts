/** How the smaller kinds show in a Table (`pkg/printers/internalversion/printers.go`). */
import { humanDuration } from '../human-duration.ts';
import type { ClusterRoleBinding, Loose, ObjectOf } from '../types.ts';
import { NONE, UNSET, firstThree, selectorText } from './cells.ts';
import type { Cells } from './cells.ts';

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

export function bindingCells({ roleRef = {}, subjects = [] }: Loose<ClusterRoleBinding>): Cells {
  const named = (kind: string): string =>
    subjects
      .filter((subject) => subject.kind === kind)
      .map(({ namespace = '', name = '' }) => (kind === 'ServiceAccount' ? `${namespace}/${name}` : name))
      .join(', ');
  return {
    Role: `${roleRef.kind ?? ''}/${roleRef.name ?? ''}`,
    Users: named('User'),
    Groups: named('Group'),
    ServiceAccounts: named('ServiceAccount'),
  };
}

export function storageClassCells(object: Loose<ObjectOf<'storage/v1.StorageClass'>>): Cells {
  const name = object.metadata?.name ?? '';
  return {
    Name: object.metadata?.annotations?.[DEFAULT_CLASS] === 'true' ? `${name} (default)` : name,
    Provisioner: object.provisioner ?? '',
    ReclaimPolicy: object.reclaimPolicy ?? 'Delete',
    VolumeBindingMode: object.volumeBindingMode ?? 'Immediate',
    AllowVolumeExpansion: object.allowVolumeExpansion ?? false,
  };
}

export function disruptionBudgetCells({ spec = {}, status = {} }: Loose<ObjectOf<'policy/v1.PodDisruptionBudget'>>): Cells {
  const text = (value: string | number | undefined): string => (value === undefined ? 'N/A' : String(value));
  return {
    'Min Available': text(spec.minAvailable),
    'Max Unavailable': text(spec.maxUnavailable),
    'Allowed Disruptions': status.disruptionsAllowed ?? 0,
  };
}

export function ingressCells({ spec = {}, status = {} }: Loose<ObjectOf<'networking/v1.Ingress'>>): Cells {
  const hosts = (spec.rules ?? []).map((rule) => rule.host ?? '').filter((host) => host !== '');
  const addresses = (status.loadBalancer?.ingress ?? []).map((i) => i.ip || i.hostname || '').filter((a) => a !== '');
  return {
    Class: spec.ingressClassName ?? NONE,
    Hosts: firstThree(hosts, '*'),
    Address: [...new Set(addresses)].toSorted().join(','),
    Ports: (spec.tls ?? []).length > 0 ? '80, 443' : '80',
  };
}

export function endpointSliceCells({ addressType = '', ports = [], endpoints = [] }: Loose<ObjectOf<'discovery/v1.EndpointSlice'>>): Cells {
  const numbers = ports.map((port) => (port.port === undefined ? port.name || '*' : String(port.port)));
  return {
    AddressType: addressType,
    Ports: firstThree(numbers, UNSET),
    Endpoints: firstThree(
      endpoints.flatMap((endpoint) => endpoint.addresses ?? []),
      UNSET,
    ),
  };
}

export function signingRequestCells({ spec = {}, status = {} }: Loose<ObjectOf<'certificates/v1.CertificateSigningRequest'>>): Cells {
  const has = (type: string): boolean => (status.conditions ?? []).some((c) => c.type === type);
  const state = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
  return {
    SignerName: spec.signerName || NONE,
    Requestor: spec.username ?? '',
    RequestedDuration: spec.expirationSeconds === undefined ? NONE : humanDuration(spec.expirationSeconds * 1000),
    Condition: `${state}${has('Failed') ? ',Failed' : ''}${(status.certificate ?? '') === '' ? '' : ',Issued'}`,
  };
}

export function apiServiceCells({ spec = {}, status = {} }: Loose<ObjectOf<'apiregistration/v1.APIService'>>): Cells {
  const available = (status.conditions ?? []).find((c) => c.type === 'Available');
  const state = available === undefined ? 'Unknown' : (available.status ?? '');
  return {
    Service: spec.service === undefined ? 'Local' : `${spec.service.namespace ?? ''}/${spec.service.name ?? ''}`,
    Available: available !== undefined && state !== 'True' && available.reason ? `${state} (${available.reason})` : state,
  };
}

export const networkPolicyCells = ({ spec = {} }: Loose<ObjectOf<'networking/v1.NetworkPolicy'>>): Cells => ({
  'Pod-Selector': selectorText(spec.podSelector),
});

export function ingressClassCells({ spec = {} }: Loose<ObjectOf<'networking/v1.IngressClass'>>): Cells {
  const { parameters } = spec;
  const group = parameters?.apiGroup ? `.${parameters.apiGroup}` : '';
  return {
    Controller: spec.controller ?? '',
    Parameters: parameters === undefined ? NONE : `${parameters.kind ?? ''}${group}/${parameters.name ?? ''}`,
  };
}
