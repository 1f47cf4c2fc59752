/** Fills `spec.priority` from the priority class (plugin `priority/admission.go`). */
import { resources } from '../../api/resources.ts';
import { forbidden } from '../../api/status.ts';
import type { ObjectOf, Pod } from '../../api/types.ts';
import type { AdmissionPlugin, ObjectReader } from '../endpoint.ts';

type PriorityClass = Pick<ObjectOf<'scheduling/v1.PriorityClass'>, 'value' | 'preemptionPolicy'>;

const priorityClasses = resources['priorityclasses.scheduling.k8s.io'];
/** Classes that exist without an object (`apis/scheduling/helpers.go`). */
const SYSTEM_CLASSES: Readonly<Record<string, PriorityClass>> = {
  'system-cluster-critical': { value: 2_000_000_000 },
  'system-node-critical': { value: 2_000_001_000 },
};
const DEFAULT: PriorityClass = { value: 0 };

export const priorityAdmission: AdmissionPlugin = (request, objects) => {
  if (request.operation !== 'create' || request.resource !== resources.pods || request.subresource !== '') return;
  const pod = request.object as unknown as Pod;
  if (pod.spec === undefined) return;
  const named = pod.spec.priorityClassName ?? '';
  const { name, found } = named === '' ? defaultClass(objects) : { name: named, found: classOf(named, objects) };
  if (found === undefined) throw forbidden(resources.pods, pod.metadata.name ?? '', `no PriorityClass with name ${name} was found`);
  if (pod.spec.priority !== undefined && pod.spec.priority !== found.value) {
    throw forbidden(
      resources.pods,
      pod.metadata.name ?? '',
      `the integer value of priority (${pod.spec.priority}) must not be provided in pod spec; priority admission controller computed ${found.value} from the given PriorityClass name`,
    );
  }
  if (name !== '') pod.spec.priorityClassName = name;
  pod.spec.priority = found.value;
  pod.spec.preemptionPolicy ??= found.preemptionPolicy ?? 'PreemptLowerPriority';
};

function classOf(name: string, objects: ObjectReader): PriorityClass | undefined {
  return SYSTEM_CLASSES[name] ?? objects.get(priorityClasses, '', name);
}

function defaultClass(objects: ObjectReader): { name: string; found: PriorityClass } {
  const global = objects.list(priorityClasses).find((candidate) => candidate.globalDefault === true);
  return global === undefined ? { name: '', found: DEFAULT } : { name: global.metadata.name, found: global };
}
