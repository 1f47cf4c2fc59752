/** What the `resize` subresource of a pod may change: cpu and memory (`pkg/apis/core/validation/validation.go`, ValidatePodResize). */
import { forbiddenField, invalidValue } from '../field-errors.ts';
import type { FieldError } from '../field-errors.ts';
import { qosClass } from '../qos.ts';
import { sameAt } from '../same.ts';
import type { Container, Loose, Pod, PodSpec, ResourceRequirements } from '../types.ts';
import { validatePodSpec } from './pod-spec.ts';

type AnyPod = Loose<Pod>;
type Spec = Loose<PodSpec>;
type Amounts = Readonly<Record<string, string | undefined>>;
type Resources = Loose<ResourceRequirements> | undefined;

const MIRROR = 'kubernetes.io/config.mirror';
const RESIZABLE = ['cpu', 'memory'] as const;
const KINDS = ['containers', 'initContainers'] as const;

/** All faults of a resize, after those of the metadata. A pod that cannot be resized at all has that one fault. */
export function validatePodResize(errors: FieldError[], pod: AnyPod, before: AnyPod): FieldError[] {
  const spec = pod.spec ?? {};
  const old = before.spec ?? {};
  validatePodSpec(errors, 'spec', spec);
  if (before.metadata?.annotations?.[MIRROR] !== undefined) return [forbiddenField('', 'static pods cannot be resized')];
  if (old.os?.name === 'windows') return [forbiddenField('', 'windows pods cannot be resized')];
  const quality = before.status?.qosClass ?? qosClass(before as Pod);
  if (quality !== qosClass(pod as Pod))
    errors.push(invalidValue('spec', pod.status?.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'));
  if (!nodeResizes(before)) errors.push(forbiddenField('spec', 'Pod running on node without support for resize'));
  validatePooled(errors, spec, old);
  const misplaced = orderFaults(spec, old);
  errors.push(...misplaced);
  if (misplaced.length > 0) return errors;
  for (const kind of KINDS.toReversed()) validateKept(errors, kind, spec, old);
  validateMains(errors, spec, old);
  validateInits(errors, spec, old);
  return errors;
}

/** A kubelet that resizes says in the status what its containers have. */
function nodeResizes(pod: AnyPod): boolean {
  const running = (pod.status?.containerStatuses ?? []).find((status) => status.state?.running !== undefined);
  return running === undefined || running.resources !== undefined;
}

const hasAmounts = (resources: Resources): boolean =>
  Object.keys(resources?.requests ?? {}).length + Object.keys(resources?.limits ?? {}).length > 0;

/** The resources of the whole pod. */
function validatePooled(errors: FieldError[], { resources: now }: Spec, { resources: then }: Spec): void {
  if (!hasAmounts(now) && !hasAmounts(then)) return;
  if (then !== undefined && now === undefined)
    return void errors.push(forbiddenField('spec.resources', 'pod-level resources cannot be removed'));
  for (const part of ['requests', 'limits'] as const) {
    if (then !== undefined && isShorter(now?.[part], then[part]))
      errors.push(forbiddenField(`spec.resources.${part}`, `pod-level resource ${part} cannot be removed`));
  }
  const rest = withOldAmounts(now, then);
  if (!sameAt('core/v1.ResourceRequirements', then === undefined && !hasAmounts(rest) ? {} : rest, then ?? {}))
    errors.push(forbiddenField('spec', 'only cpu and memory resources are mutable at pod-level'));
}

function orderFaults(spec: Spec, old: Spec): FieldError[] {
  return KINDS.flatMap((kind) => {
    const now = spec[kind] ?? [];
    const then = old[kind] ?? [];
    if (now.length !== then.length) return [forbiddenField(`spec.${kind}`, `${kind} may not be added or removed on resize`)];
    return then.flatMap(({ name }, i) =>
      now[i]?.name === name ? [] : [forbiddenField(`spec.${kind}[${i}].name`, `${kind} may not be renamed or reordered on resize`)],
    );
  });
}

/** What was asked for or limited stays so, at another amount. */
function validateKept(errors: FieldError[], kind: (typeof KINDS)[number], spec: Spec, old: Spec): void {
  for (const [i, { resources: then }] of (old[kind] ?? []).entries()) {
    const now = spec[kind]?.[i]?.resources;
    for (const part of ['requests', 'limits'] as const) {
      if (isShorter(now?.[part], then?.[part]))
        errors.push(forbiddenField(`spec.${kind}[${i}].resources.${part}`, `resource ${part} cannot be removed`));
    }
  }
}

const isShorter = (now: Amounts | undefined, then: Amounts | undefined): boolean =>
  Object.keys(then ?? {}).some((name) => !Object.hasOwn(now ?? {}, name));

function validateMains(errors: FieldError[], spec: Spec, old: Spec): void {
  for (const [i, container] of (spec.containers ?? []).entries()) {
    const before = old.containers?.[i] ?? {};
    if (!same(unresized(container, before), before)) errors.push(forbiddenField('spec', 'only cpu and memory resources are mutable'));
  }
}

function validateInits(errors: FieldError[], spec: Spec, old: Spec): void {
  for (const [i, container] of (spec.initContainers ?? []).entries()) {
    const before = old.initContainers?.[i] ?? {};
    const path = `spec.initContainers[${i}]`;
    if (!same(unresized(container, before), before))
      errors.push(forbiddenField(path, 'only cpu and memory resources for init or sidecar containers are mutable'));
    if (container.restartPolicy === 'Always' || same(container, before)) continue;
    for (const policy of container.resizePolicy ?? []) {
      if (policy.restartPolicy !== 'RestartContainer') continue;
      errors.push(forbiddenField(path, 'non-sidecar init containers with a resize policy of RestartContainer cannot be resized'));
    }
  }
}

const same = (a: Loose<Container>, b: Loose<Container>): boolean => sameAt('core/v1.Container', a, b);

/** A container with the cpu and memory that it had. */
function unresized(container: Loose<Container>, before: Loose<Container>): Loose<Container> {
  // Claims are not looked at: they go out of the comparison as they do in the original.
  const { claims: _claims, ...resources } = withOldAmounts(container.resources, before.resources);
  return { ...container, resources };
}

function withOldAmounts(now: Resources, then: Resources): Loose<ResourceRequirements> {
  const parts = (['requests', 'limits'] as const).map((part) => {
    const amounts: Record<string, string | undefined> = { ...now?.[part] };
    for (const name of RESIZABLE) {
      const old = then?.[part]?.[name];
      if (old === undefined) delete amounts[name];
      else amounts[name] = old;
    }
    return [part, amounts] as const;
  });
  const { requests: _requests, limits: _limits, ...rest } = now ?? {};
  return { ...rest, ...Object.fromEntries(parts.filter(([, amounts]) => Object.keys(amounts).length > 0)) };
}
