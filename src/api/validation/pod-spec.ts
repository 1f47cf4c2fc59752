/** The spec of a pod or of a template of pods (`pkg/apis/core/validation/validation.go`, ValidatePodSpec). */
import { duplicate, invalidValue, notSupported, required } from '../field-errors.ts';
import type { FieldError } from '../field-errors.ts';
import { dnsLabel, dnsSubdomain, inRange, labelValue, qualifiedName } from '../names.ts';
import type { Loose, PodSpec, Toleration } from '../types.ts';
import { validateAffinity } from './affinity.ts';
import { validateContainers, validateEphemeralContainers, validateInitContainers } from './containers.ts';
import { validateLabels } from './metadata.ts';
import { validateResources } from './resources.ts';
import { validatePodSecurity } from './security.ts';
import { validateVolumes } from './volumes.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const PREEMPTION_POLICIES = ['Never', 'PreemptLowerPriority'];
const MAX_INT32 = 2_147_483_647;
const MAX_SEARCHES = 32;
const MAX_NAMESERVERS = 3;
export const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** Pushes what is wrong with a spec at `path`. */
export function validatePodSpec(errors: FieldError[], path: string, spec: Loose<PodSpec>): void {
  const volumes = validateVolumes(errors, `${path}.volumes`, spec.volumes ?? []);
  const context = {
    volumes,
    hostNetwork: spec.hostNetwork === true,
    restartPolicy: spec.restartPolicy,
    hostUsers: spec.hostUsers !== false,
  };
  const mains = spec.containers ?? [];
  const inits = spec.initContainers ?? [];
  validateContainers(errors, `${path}.containers`, mains, context);
  validateInitContainers(errors, `${path}.initContainers`, inits, mains, context);
  validateEphemeralContainers(errors, `${path}.ephemeralContainers`, spec.ephemeralContainers ?? [], [...mains, ...inits], context);
  if (spec.resources !== undefined) validateResources(errors, `${path}.resources`, spec.resources);
  oneOf(errors, `${path}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES);
  oneOf(errors, `${path}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES);
  validateLabels(errors, `${path}.nodeSelector`, spec.nodeSelector);
  validatePodSecurity(errors, path, spec);
  for (const [i, secret] of (spec.imagePullSecrets ?? []).entries())
    if (!secret.name) errors.push(required(`${path}.imagePullSecrets[${i}].name`));
  validateAffinity(errors, `${path}.affinity`, spec.affinity);
  validateDns(errors, `${path}.dnsConfig`, spec);
  validateNames(errors, path, spec);
  validateGates(errors, `${path}.schedulingGates`, spec);
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined)
    for (const fault of inRange(deadline, 1, MAX_INT32)) errors.push(invalidValue(`${path}.activeDeadlineSeconds`, deadline, fault));
  validateTolerations(errors, `${path}.tolerations`, spec.tolerations ?? []);
  validateSpread(errors, `${path}.topologySpreadConstraints`, spec);
  const preemption = spec.preemptionPolicy ?? '';
  if (preemption !== '' && !PREEMPTION_POLICIES.includes(preemption))
    errors.push(notSupported(`${path}.preemptionPolicy`, preemption, PREEMPTION_POLICIES));
  if (spec.overhead !== undefined) validateResources(errors, `${path}.overhead`, { limits: spec.overhead });
}

/** Every gate has a name of its own. */
function validateGates(errors: FieldError[], path: string, spec: Loose<PodSpec>): void {
  const seen = new Set<string>();
  for (const [i, { name = '' }] of (spec.schedulingGates ?? []).entries()) {
    for (const fault of qualifiedName(name)) errors.push(invalidValue(`${path}[${i}]`, name, fault));
    if (seen.has(name)) errors.push(duplicate(`${path}[${i}]`, name));
    seen.add(name);
  }
}

/** Pushes an error unless the value is set and one of a few. */
export function oneOf(errors: FieldError[], path: string, value: string | undefined, allowed: readonly string[]): void {
  if (!value) errors.push(required(path));
  else if (!allowed.includes(value)) errors.push(notSupported(path, value, allowed));
}

function validateNames(errors: FieldError[], path: string, spec: Loose<PodSpec>): void {
  const rules = {
    serviceAccountName: dnsSubdomain,
    nodeName: dnsSubdomain,
    hostname: dnsLabel,
    subdomain: dnsLabel,
    priorityClassName: dnsSubdomain,
    runtimeClassName: dnsSubdomain,
  } as const;
  for (const [field, rule] of Object.entries(rules)) {
    const value = spec[field as keyof typeof rules] ?? '';
    if (value !== '') for (const fault of rule(value)) errors.push(invalidValue(`${path}.${field}`, value, fault));
  }
  for (const [i, gate] of (spec.readinessGates ?? []).entries()) {
    const type = gate.conditionType ?? '';
    for (const fault of qualifiedName(type)) errors.push(invalidValue(`${path}.readinessGates[${i}].conditionType`, type, fault));
  }
}

function validateDns(errors: FieldError[], path: string, spec: Loose<PodSpec>): void {
  const config = spec.dnsConfig;
  const servers = config?.nameservers ?? [];
  if (spec.dnsPolicy === 'None') {
    if (config === undefined) return void errors.push(required(path, 'must provide `dnsConfig` when `dnsPolicy` is None'));
    if (servers.length === 0)
      errors.push(required(`${path}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None'));
  }
  if (servers.length > MAX_NAMESERVERS)
    errors.push(invalidValue(`${path}.nameservers`, servers, `must not have more than ${MAX_NAMESERVERS} nameservers`));
  const searches = config?.searches ?? [];
  if (searches.length > MAX_SEARCHES)
    errors.push(invalidValue(`${path}.searches`, searches, `must not have more than ${MAX_SEARCHES} search paths`));
  for (const [i, option] of (config?.options ?? []).entries())
    if (!option.name) errors.push(required(`${path}.options[${i}]`, 'must not be empty'));
}

/** Pushes what is wrong with tolerations, in the order in which the API names it. */
export function validateTolerations(errors: FieldError[], path: string, tolerations: readonly Loose<Toleration>[]): void {
  for (const [i, toleration] of tolerations.entries()) {
    const at = `${path}[${i}]`;
    const { key = '', operator = '', value = '', effect = '' } = toleration;
    if (key !== '') for (const fault of qualifiedName(key)) errors.push(invalidValue(`${at}.key`, key, fault));
    if (key === '' && operator !== 'Exists') {
      errors.push(
        invalidValue(
          `${at}.operator`,
          operator,
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    }
    if (toleration.tolerationSeconds !== undefined && effect !== 'NoExecute') {
      errors.push(invalidValue(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    }
    validateOperator(errors, at, operator, value, toleration);
    if (effect !== '' && !TAINT_EFFECTS.includes(effect)) errors.push(notSupported(`${at}.effect`, effect, TAINT_EFFECTS));
  }
}

function validateOperator(errors: FieldError[], at: string, operator: string, value: string, toleration: Loose<Toleration>): void {
  if (operator === '' || operator === 'Equal') {
    const faults = labelValue(value);
    if (faults.length > 0) errors.push(invalidValue(`${at}.operator`, value, faults.join(';')));
  } else if (operator === 'Exists') {
    if (value !== '') errors.push(invalidValue(`${at}.operator`, toleration, "value must be empty when `operator` is 'Exists'"));
  } else errors.push(notSupported(`${at}.operator`, operator, ['Equal', 'Exists']));
}

function validateSpread(errors: FieldError[], path: string, spec: Loose<PodSpec>): void {
  for (const [i, constraint] of (spec.topologySpreadConstraints ?? []).entries()) {
    const at = `${path}[${i}]`;
    if ((constraint.maxSkew ?? 0) <= 0) errors.push(invalidValue(`${at}.maxSkew`, constraint.maxSkew ?? 0, 'must be greater than zero'));
    if (!constraint.topologyKey) errors.push(required(`${at}.topologyKey`, 'can not be empty'));
    const when = constraint.whenUnsatisfiable ?? '';
    if (when !== 'DoNotSchedule' && when !== 'ScheduleAnyway')
      errors.push(notSupported(`${at}.whenUnsatisfiable`, when, ['DoNotSchedule', 'ScheduleAnyway']));
  }
}
