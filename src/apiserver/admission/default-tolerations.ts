/** Lets a pod stay on a node that is not ready for five minutes (plugin `defaulttolerationseconds/admission.go`). */
import { resources } from '../../api/resources.ts';
import { tolerates, type Taint } from '../../api/taints.ts';
import type { Pod } from '../../api/types.ts';
import type { AdmissionPlugin } from '../endpoint.ts';

const SECONDS = 300;
const TAINTS: readonly Taint[] = [
  { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' },
];

export const defaultTolerationsAdmission: AdmissionPlugin = (request) => {
  if (request.resource !== resources.pods || request.subresource !== '' || request.operation === 'delete') return;
  const pod = request.object as unknown as Pod;
  if (pod.spec === undefined) return;
  const present = pod.spec.tolerations ?? [];
  const missing = TAINTS.filter((taint) => !present.some((toleration) => tolerates(toleration, taint)));
  if (missing.length === 0) return;
  pod.spec.tolerations = [
    ...present,
    ...missing.map(({ key, effect }) => ({ key, operator: 'Exists', effect, tolerationSeconds: SECONDS })),
  ];
};
