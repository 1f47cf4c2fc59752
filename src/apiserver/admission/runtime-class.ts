/** Gives a pod what its RuntimeClass asks for: overhead, nodes, tolerations (plugin `runtimeclass/admission.go`). */
import { jsonEqual } from '../../api/own.ts';
import { compareQuantities } from '../../api/quantity.ts';
import { resources } from '../../api/resources.ts';
import { forbidden } from '../../api/status.ts';
import type { ObjectOf, Pod, PodSpec } from '../../api/types.ts';
import type { AdmissionPlugin } from '../endpoint.ts';

type RuntimeClass = ObjectOf<'node/v1.RuntimeClass'>;
type Amounts = Readonly<Record<string, string>>;

const runtimeClasses = resources['runtimeclasses.node.k8s.io'];

export const runtimeClassAdmission: AdmissionPlugin = (request, objects) => {
  if (request.operation !== 'create' || request.resource !== resources.pods || request.subresource !== '') return;
  const pod = request.object as unknown as Pod;
  const { spec } = pod;
  if (spec === undefined) return;
  const refuse = (why: string): Error => forbidden(resources.pods, pod.metadata.name ?? '', why);
  const name = spec.runtimeClassName;
  const found: RuntimeClass | undefined = name === undefined ? undefined : objects.get(runtimeClasses, '', name);
  if (name !== undefined && found === undefined) throw refuse(`pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
  const overhead = found?.overhead?.podFixed;
  if (found?.overhead === undefined) {
    if (spec.overhead !== undefined) throw refuse('pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
  } else if (spec.overhead !== undefined && !sameAmounts(spec.overhead, overhead ?? {})) {
    throw refuse("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
  } else if (overhead !== undefined) spec.overhead = { ...overhead };
  if (found?.scheduling !== undefined) place(spec, found.scheduling, refuse);
};

/** Adds where pods of the class may run. */
function place(spec: PodSpec, scheduling: NonNullable<RuntimeClass['scheduling']>, refuse: (why: string) => Error): void {
  for (const [key, value] of Object.entries(scheduling.nodeSelector ?? {})) {
    const own = spec.nodeSelector?.[key];
    if (own !== undefined && own !== value)
      throw refuse(`conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`);
    spec.nodeSelector = { ...spec.nodeSelector, [key]: value };
  }
  const own = spec.tolerations ?? [];
  const more = (scheduling.tolerations ?? []).filter((toleration) => !own.some((present) => jsonEqual(present, toleration)));
  if (more.length > 0) spec.tolerations = [...own, ...more];
}

function sameAmounts(a: Amounts, b: Amounts): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => b[name] !== undefined && a[name] !== undefined && compareQuantities(a[name], b[name]) === 0)
  );
}
