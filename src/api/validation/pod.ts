/** Pods: what may be created, and the little that may change afterwards (`pkg/apis/core/validation/validation.go`, ValidatePodCreate and ValidatePodUpdate). */
import { forbiddenField, goQuote, invalidValue } from '../field-errors.ts';
import type { FieldError } from '../field-errors.ts';
import { jsonEqual } from '../own.ts';
import { mayRestartAll, restartsAfter } from '../restart-rules.ts';
import { sameAt } from '../same.ts';
import type { Container, Loose, Pod, PodSpec, Toleration } from '../types.ts';
import { podSpecDiff } from './pod-diff.ts';
import { validateEphemeralContainers } from './containers.ts';
import { validateGatedPlacement } from './pod-gates.ts';
import { validatePodSpec, validateTolerations } from './pod-spec.ts';

type AnyPod = Loose<Pod>;
type Spec = Loose<PodSpec>;

const MIRROR = 'kubernetes.io/config.mirror';
const MAX_INT32 = 2_147_483_647;
const UPDATE_RULE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

export function validatePod(errors: FieldError[], pod: AnyPod): void {
  const spec = pod.spec ?? {};
  const mirror = pod.metadata?.annotations?.[MIRROR];
  if (mirror !== undefined && !spec.nodeName) {
    errors.push(invalidValue(`metadata.annotations[${MIRROR}]`, mirror, 'must set spec.nodeName if mirror pod annotation is set'));
  }
  validatePodSpec(errors, 'spec', spec);
  if ((spec.ephemeralContainers ?? []).length > 0) errors.push(forbiddenField('spec.ephemeralContainers', 'cannot be set on create'));
  if (spec.nodeName && (spec.schedulingGates ?? []).length > 0)
    errors.push(forbiddenField('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
}

export function validatePodUpdate(errors: FieldError[], pod: AnyPod, before: AnyPod): void {
  const spec = pod.spec ?? {};
  validatePodSpec(errors, 'spec', spec);
  validateAnnotationUpdate(errors, pod, before);
  const old = before.spec ?? {};
  for (const field of ['containers', 'initContainers'] as const) {
    if ((spec[field] ?? []).length !== (old[field] ?? []).length) {
      return void errors.push(forbiddenField(`spec.${field}`, 'pod updates may not add or remove containers'));
    }
  }
  validateImages(errors, spec);
  validateDeadline(errors, spec.activeDeadlineSeconds, old.activeDeadlineSeconds);
  validateTolerationUpdate(errors, spec.tolerations ?? [], old.tolerations ?? []);
  validateGateUpdate(errors, spec, old);
  const rest = validateGatedPlacement(errors, withMutable(spec, old), old);
  if (sameAt('core/v1.PodSpec', rest, old)) return;
  errors.push(forbiddenField('spec', `${UPDATE_RULE}\n${podSpecDiff(old, rest)}`));
}

function validateAnnotationUpdate(errors: FieldError[], pod: AnyPod, before: AnyPod): void {
  const path = `metadata.annotations[${MIRROR}]`;
  const now = pod.metadata?.annotations?.[MIRROR];
  const then = before.metadata?.annotations?.[MIRROR];
  if (now === then) return;
  errors.push(
    forbiddenField(path, then === undefined ? 'may not add mirror pod annotation' : 'may not remove or update mirror pod annotation'),
  );
}

function validateImages(errors: FieldError[], spec: Spec): void {
  for (const field of ['containers', 'initContainers'] as const) {
    for (const [i, { image = '' }] of (spec[field] ?? []).entries()) {
      const path = `spec.${field}[${i}].image`;
      if (image === '') errors.push({ reason: 'FieldValueRequired', field: path, message: 'Required value' });
      else if (image.trim() !== image) errors.push(invalidValue(path, image, 'must not have leading or trailing whitespace'));
    }
  }
}

function validateDeadline(errors: FieldError[], now: number | undefined, then: number | undefined): void {
  const path = 'spec.activeDeadlineSeconds';
  if (now !== undefined) {
    if (now < 0 || now > MAX_INT32) errors.push(invalidValue(path, now, `must be between 0 and ${MAX_INT32}, inclusive`));
    else if (then !== undefined && now > then) errors.push(invalidValue(path, now, 'must be less than or equal to previous value'));
  } else if (then !== undefined) errors.push(invalidValue(path, null, 'must not update from a positive integer to nil value'));
}

function validateTolerationUpdate(errors: FieldError[], now: readonly Loose<Toleration>[], then: readonly Loose<Toleration>[]): void {
  const bare = ({ tolerationSeconds: _seconds, ...rest }: Loose<Toleration>): object => rest;
  const kept = then.every((old) => now.some((toleration) => jsonEqual(bare(toleration), bare(old))));
  if (!kept) errors.push(forbiddenField('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds'));
  else validateTolerations(errors, 'spec.tolerations', now);
}

/** Gates may only go. */
function validateGateUpdate(errors: FieldError[], spec: Spec, old: Spec): void {
  const known = new Set((old.schedulingGates ?? []).map(({ name = '' }) => name));
  for (const [i, { name = '' }] of (spec.schedulingGates ?? []).entries()) {
    if (known.has(name)) continue;
    errors.push(forbiddenField(`spec.schedulingGates[${i}].name`, `only deletion is allowed, but found new scheduling gate '${name}'`));
  }
}

/** The new spec with every field that may change set back to its old value. */
function withMutable(spec: Spec, old: Spec): Spec {
  const images = (field: 'containers' | 'initContainers'): void => {
    if (spec[field] === undefined) return;
    rest[field] = spec[field].map((container, i) => setBack(container, 'image', old[field]?.[i]?.image));
  };
  const rest: Spec = { ...spec };
  images('containers');
  images('initContainers');
  const grace = old.terminationGracePeriodSeconds;
  const graceful = grace !== undefined && grace < 0 && spec.terminationGracePeriodSeconds === 1;
  return [
    ['activeDeadlineSeconds', old.activeDeadlineSeconds] as const,
    ['tolerations', old.tolerations] as const,
    ['schedulingGates', old.schedulingGates] as const,
    ...(graceful ? [['terminationGracePeriodSeconds', grace] as const] : []),
  ].reduce<Spec>((all, [key, value]) => setBack(all, key, value), rest);
}

function setBack<T extends object>(object: T, key: keyof T, value: unknown): T {
  const { [key]: _changed, ...rest } = object;
  return (value === undefined ? rest : { ...rest, [key]: value }) as T;
}

/** Containers for debugging are added, never changed or removed. */
export function validateEphemeralUpdate(errors: FieldError[], pod: AnyPod, before: AnyPod): void {
  const path = 'spec.ephemeralContainers';
  const spec = pod.spec ?? {};
  const containers = spec.ephemeralContainers ?? [];
  const others = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const volumes = new Set((spec.volumes ?? []).map((volume) => volume.name ?? ''));
  validateEphemeralContainers(errors, path, containers, others, {
    volumes,
    hostNetwork: spec.hostNetwork === true,
    restartPolicy: spec.restartPolicy,
    hostUsers: spec.hostUsers !== false,
  });
  for (const old of before.spec?.ephemeralContainers ?? []) {
    const now = containers.find((c) => c.name === old.name);
    const named = goQuote(old.name ?? '');
    if (now === undefined) errors.push(forbiddenField(path, `existing ephemeral containers ${named} may not be removed\n`));
    else if (!sameAt('core/v1.EphemeralContainer', now, old))
      errors.push(forbiddenField(path, `existing ephemeral containers ${named} may not be changed\n`));
  }
}

/** A container that ended may not come back to life in a status when neither its own policy and rules nor its pod's let it (ValidateContainerStateTransition). */
export function validatePodStatusUpdate(errors: FieldError[], pod: AnyPod, before: AnyPod): void {
  const spec = before.spec ?? {};
  if (mayRestartAll(spec)) return;
  const check = (field: 'containerStatuses' | 'initContainerStatuses', containers: readonly Loose<Container>[]): void => {
    for (const [i, { name, state }] of (before.status?.[field] ?? []).entries()) {
      const now = pod.status?.[field]?.find((status) => status.name === name);
      if (state?.terminated === undefined || now === undefined || now.state?.terminated !== undefined) continue;
      const container = containers.find((c) => c.name === name);
      if (container && restartsAfter(container, spec.restartPolicy, state.terminated.exitCode ?? 0)) continue;
      errors.push(forbiddenField(`status.${field}[${i}].state`, 'may not be transitioned to non-terminated state'));
    }
  };
  check('containerStatuses', spec.containers ?? []);
  check('initContainerStatuses', spec.initContainers ?? []);
}
