/** Security contexts (`pkg/apis/core/validation/validation.go`, ValidateSecurityContext and ValidatePodSecurityContext). */
import { invalidValue, notSupported, required } from '../field-errors.ts';
import type { FieldError } from '../field-errors.ts';
import { inRange } from '../names.ts';
import type { Loose, ObjectOf, PodSecurityContext, PodSpec, SecurityContext } from '../types.ts';

const MAX_ID = 0xffff_ffff;
const PROFILES = ['Localhost', 'RuntimeDefault', 'Unconfined'];

function validateId(errors: FieldError[], path: string, id: number | undefined): void {
  if (id !== undefined) for (const fault of inRange(id, 0, MAX_ID)) errors.push(invalidValue(path, id, fault));
}

function validateProfile(errors: FieldError[], path: string, profile: Loose<ObjectOf<'core/v1.SeccompProfile'>> | undefined): void {
  if (profile === undefined) return;
  const { type = '', localhostProfile } = profile;
  if (type === 'Localhost') {
    if (!localhostProfile) errors.push(required(`${path}.localhostProfile`, 'must be set when seccomp type is Localhost'));
  } else if (localhostProfile !== undefined) {
    errors.push(invalidValue(`${path}.localhostProfile`, localhostProfile, 'can only be set when seccomp type is Localhost'));
  }
  if (type === '') errors.push(required(`${path}.type`, 'type is required when seccompProfile is set'));
  else if (!PROFILES.includes(type)) errors.push(notSupported(`${path}.type`, type, PROFILES));
}

export function validateSecurityContext(errors: FieldError[], path: string, context: Loose<SecurityContext> | undefined): void {
  if (context === undefined) return;
  validateId(errors, `${path}.runAsUser`, context.runAsUser);
  validateId(errors, `${path}.runAsGroup`, context.runAsGroup);
  if (context.procMount !== undefined && context.procMount !== 'Default' && context.procMount !== 'Unmasked') {
    errors.push(notSupported(`${path}.procMount`, context.procMount, ['Default', 'Unmasked']));
  }
  validateProfile(errors, `${path}.seccompProfile`, context.seccompProfile);
  if (context.allowPrivilegeEscalation !== false) return;
  if (context.privileged === true)
    errors.push(invalidValue(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'));
  if (context.capabilities?.add?.includes('CAP_SYS_ADMIN')) {
    errors.push(invalidValue(path, context, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'));
  }
}

export function validatePodSecurity(errors: FieldError[], path: string, spec: Loose<PodSpec>): void {
  const context: Loose<PodSecurityContext> = spec.securityContext ?? {};
  const at = `${path}.securityContext`;
  validateId(errors, `${at}.fsGroup`, context.fsGroup);
  validateId(errors, `${at}.runAsUser`, context.runAsUser);
  validateId(errors, `${at}.runAsGroup`, context.runAsGroup);
  for (const [i, group] of (context.supplementalGroups ?? []).entries()) validateId(errors, `${at}.supplementalGroups[${i}]`, group);
  if (spec.shareProcessNamespace === true && spec.hostPID === true) {
    errors.push(invalidValue(`${at}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled'));
  }
  const { fsGroupChangePolicy: change } = context;
  if (change !== undefined && change !== 'OnRootMismatch' && change !== 'Always') {
    errors.push(notSupported(`${at}.fsGroupChangePolicy`, change, ['Always', 'OnRootMismatch']));
  }
  validateProfile(errors, `${at}.seccompProfile`, context.seccompProfile);
}
