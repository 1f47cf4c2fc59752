/** Security contexts (`pkg/apis/core/validation/validation.go`, ValidateSecurityContext and ValidatePodSecurityContext). */
import { forbiddenField, invalidValue, notSupported, required, tooLong } from '../field-errors.ts';
import type { FieldError } from '../field-errors.ts';
import { inRange } from '../names.ts';
import type { Container, Loose, ObjectOf, PodSecurityContext, PodSpec, SecurityContext } from '../types.ts';

const MAX_ID = 0xffff_ffff;
const MAX_PROFILE_BYTES = 4095;
const PROFILES = ['Localhost', 'RuntimeDefault', 'Unconfined'];

function validateId(errors: FieldError[], path: string, id: number | undefined): void {
  if (id !== undefined) for (const fault of inRange(id, 0, MAX_ID)) errors.push(invalidValue(path, id, fault));
}

function validateAppArmor(errors: FieldError[], path: string, profile: Loose<ObjectOf<'core/v1.AppArmorProfile'>> | undefined): void {
  if (profile === undefined) return;
  const { type = '', localhostProfile } = profile;
  const at = `${path}.localhostProfile`;
  if (type === 'Localhost') {
    if (!localhostProfile) errors.push(required(at, 'must be set when AppArmor type is Localhost'));
    else if (localhostProfile.trim() !== localhostProfile)
      errors.push(invalidValue(at, localhostProfile, 'must not be padded with whitespace'));
    if ((localhostProfile ?? '').length > MAX_PROFILE_BYTES) errors.push(tooLong(at, MAX_PROFILE_BYTES));
  } else if (PROFILES.includes(type)) {
    if (localhostProfile !== undefined) errors.push(invalidValue(at, localhostProfile, 'can only be set when AppArmor type is Localhost'));
  } else if (type === '') errors.push(required(`${path}.type`, 'type is required when appArmorProfile is set'));
  else errors.push(notSupported(`${path}.type`, type, PROFILES));
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

export function validateSecurityContext(
  errors: FieldError[],
  path: string,
  context: Loose<SecurityContext> | undefined,
  hostUsers: boolean,
): void {
  if (context === undefined) return;
  validateId(errors, `${path}.runAsUser`, context.runAsUser);
  validateId(errors, `${path}.runAsGroup`, context.runAsGroup);
  if (context.procMount !== undefined && context.procMount !== 'Default' && context.procMount !== 'Unmasked') {
    errors.push(notSupported(`${path}.procMount`, context.procMount, ['Default', 'Unmasked']));
  }
  if (hostUsers && context.procMount === 'Unmasked')
    errors.push(invalidValue(`${path}.procMount`, context.procMount, '`hostUsers` must be false to use `Unmasked`'));
  validateProfile(errors, `${path}.seccompProfile`, context.seccompProfile);
  validateAllowed(errors, path, context);
  validateAppArmor(errors, `${path}.appArmorProfile`, context.appArmorProfile);
}

function validateAllowed(errors: FieldError[], path: string, context: Loose<SecurityContext>): void {
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
  validateAppArmor(errors, `${at}.appArmorProfile`, context.appArmorProfile);
  validateHostUsers(errors, path, spec);
  validateLinux(errors, path, spec);
}

/** Users of their own go with no other namespace of the machine. */
function validateHostUsers(errors: FieldError[], path: string, spec: Loose<PodSpec>): void {
  if (spec.hostUsers !== false) return;
  const why = 'when `hostUsers` is false';
  if (spec.hostNetwork === true) errors.push(forbiddenField(`${path}.hostNetwork`, why));
  if (spec.hostPID === true) errors.push(forbiddenField(`${path}.HostPID`, why));
  if (spec.hostIPC === true) errors.push(forbiddenField(`${path}.HostIPC`, why));
  forEachContainer(path, spec, (at, { volumeDevices = [] }) => {
    if (volumeDevices.length > 0) errors.push(forbiddenField(`${at}.volumeDevices`, why));
  });
}

/** A pod that says that it is one for Linux. */
function validateLinux(errors: FieldError[], path: string, spec: Loose<PodSpec>): void {
  if (spec.os?.name !== 'linux') return;
  const why = 'windows options cannot be set for a linux pod';
  if (spec.securityContext?.windowsOptions !== undefined) errors.push(forbiddenField(`${path}.securityContext.windowsOptions`, why));
  forEachContainer(path, spec, (at, { securityContext }) => {
    if (securityContext?.windowsOptions !== undefined) errors.push(forbiddenField(`${at}.securityContext.windowsOptions`, why));
  });
}

/** Init containers, containers and ephemeral ones, each with its path. */
function forEachContainer(path: string, spec: Loose<PodSpec>, look: (at: string, container: Loose<Container>) => void): void {
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const)
    for (const [i, container] of (spec[list] ?? []).entries()) look(`${path}.${list}[${i}]`, container);
}
