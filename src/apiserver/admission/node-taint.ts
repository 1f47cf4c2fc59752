/** A new node takes no pods until it has said that it is ready (plugin `nodetaint/admission.go`). */
import { resources } from '../../api/resources.ts';
import type { Node } from '../../api/types.ts';
import type { AdmissionPlugin } from '../endpoint.ts';

const NOT_READY = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' } as const;

export const nodeTaintAdmission: AdmissionPlugin = (request) => {
  if (request.operation !== 'create' || request.resource !== resources.nodes || request.subresource !== '') return;
  const node = request.object as unknown as Node;
  const taints = node.spec?.taints ?? [];
  if (taints.some(({ key, effect }) => key === NOT_READY.key && effect === NOT_READY.effect)) return;
  node.spec = { ...node.spec, taints: [...taints, { ...NOT_READY }] };
};
