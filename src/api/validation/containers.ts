/** Containers of the three sorts (`pkg/apis/core/validation/validation.go`, validateContainers and its kin). */
import { duplicate, fieldNotFound, forbiddenField, invalidValue, notSupported, required, tooMany } from '../field-errors.ts';
import type { FieldError } from '../field-errors.ts';
import { dnsLabel, portName, portNumber } from '../names.ts';
import type { Container, ContainerPort, EphemeralContainer, Loose, ObjectOf, VolumeMount } from '../types.ts';
import { validateEnv, validateEnvFrom } from './env.ts';
import { validateDescending } from './paths.ts';
import { validateLifecycle, validateProbe } from './probes.ts';
import { validateResources } from './resources.ts';
import { validateSecurityContext } from './security.ts';

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError'];
const RESIZABLE = ['cpu', 'memory'];
const RESIZE_POLICIES = ['NotRequired', 'RestartContainer'];
const RESTART_POLICIES = ['Always', 'Never', 'OnFailure'];
const RULE_ACTIONS = ['Restart', 'RestartAllContainers'];
const RULE_OPERATORS = ['In', 'NotIn'];
const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;
const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None'];

/** What containers of one pod share. */
export interface PodContext {
  readonly volumes: ReadonlySet<string>;
  readonly hostNetwork: boolean;
  readonly restartPolicy: string | undefined;
  readonly hostUsers: boolean;
}

/** Pushes what is wrong with the main containers. */
export function validateContainers(errors: FieldError[], path: string, containers: readonly Loose<Container>[], context: PodContext): void {
  if (containers.length === 0) return void errors.push(required(path));
  const names = new Set<string>();
  for (const [i, container] of containers.entries()) {
    const at = `${path}[${i}]`;
    validateCommon(errors, at, container, context);
    validateUnique(errors, at, container.name, names);
    validateLifecycle(errors, `${at}.lifecycle`, container.lifecycle);
    validateProbe(errors, `${at}.livenessProbe`, container.livenessProbe, true);
    validateProbe(errors, `${at}.readinessProbe`, container.readinessProbe, false);
    validateProbe(errors, `${at}.startupProbe`, container.startupProbe, true);
    validateRestartRules(errors, at, container);
  }
  validateHostPorts(errors, path, containers);
}

/** Pushes what is wrong with init containers; a sidecar (restartPolicy Always) is checked as a main container. */
export function validateInitContainers(
  errors: FieldError[],
  path: string,
  containers: readonly Loose<Container>[],
  mains: readonly Loose<Container>[],
  context: PodContext,
): void {
  const names = new Set(mains.map((c) => c.name ?? ''));
  for (const [i, container] of containers.entries()) {
    const at = `${path}[${i}]`;
    validateCommon(errors, at, container, context);
    validateUnique(errors, at, container.name, names);
    validateRestartRules(errors, at, container);
    const sidecar = container.restartPolicy === 'Always';
    for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
      if (!sidecar && container[field] !== undefined) {
        errors.push(forbiddenField(`${at}.${field}`, 'may not be set for init containers without restartPolicy=Always'));
      }
    }
    for (const [n, { restartPolicy }] of (sidecar ? [] : (container.resizePolicy ?? [])).entries()) {
      if (restartPolicy !== 'RestartContainer') continue;
      const why = "must not be set to 'RestartContainer' for non-sidecar initContainers";
      errors.push(invalidValue(`${at}.resizePolicy[${n}].restartPolicy`, restartPolicy, why));
    }
    if (!sidecar) continue;
    validateLifecycle(errors, `${at}.lifecycle`, container.lifecycle);
    validateProbe(errors, `${at}.livenessProbe`, container.livenessProbe, true);
    validateProbe(errors, `${at}.readinessProbe`, container.readinessProbe, false);
    validateProbe(errors, `${at}.startupProbe`, container.startupProbe, true);
  }
  validateHostPorts(errors, path, containers);
}

/** Fields that a container for debugging cannot have. */
const NOT_EPHEMERAL = ['ports', 'resources', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'] as const;

export function validateEphemeralContainers(
  errors: FieldError[],
  path: string,
  containers: readonly Loose<EphemeralContainer>[],
  others: readonly Loose<Container>[],
  context: PodContext,
): void {
  const names = new Set(others.map((c) => c.name ?? ''));
  const targets = new Set(names);
  for (const [i, container] of containers.entries()) {
    const at = `${path}[${i}]`;
    validateCommon(errors, at, container, context);
    validateUnique(errors, at, container.name, names);
    const target = container.targetContainerName ?? '';
    if (target !== '' && !targets.has(target)) errors.push(fieldNotFound(`${at}.targetContainerName`, target));
    for (const field of NOT_EPHEMERAL) {
      const value = container[field];
      const set = Array.isArray(value) ? value.length > 0 : value !== undefined && Object.keys(value).length > 0;
      if (set) errors.push(forbiddenField(`${at}.${field}`, 'cannot be set for an Ephemeral Container'));
    }
    for (const [n, mount] of (container.volumeMounts ?? []).entries()) {
      if (mount.subPath) errors.push(forbiddenField(`${at}.volumeMounts[${n}].subPath`, 'cannot be set for an Ephemeral Container'));
      if (mount.subPathExpr)
        errors.push(forbiddenField(`${at}.volumeMounts[${n}].subPathExpr`, 'cannot be set for an Ephemeral Container'));
    }
  }
}

/** A policy of a container's own, and rules that only those with one may have (validateContainerRestartPolicy). */
function validateRestartRules(errors: FieldError[], at: string, { restartPolicy, restartPolicyRules: rules = [] }: Loose<Container>): void {
  const policyAt = `${at}.restartPolicy`;
  if (restartPolicy === undefined) {
    if (rules.length > 0) errors.push(required(policyAt, 'must specify restartPolicy when restart rules are used'));
  } else if (!RESTART_POLICIES.includes(restartPolicy)) errors.push(notSupported(policyAt, restartPolicy, RESTART_POLICIES));
  if (rules.length > MAX_RULES) errors.push(tooMany(`${at}.restartPolicyRules`, rules.length, MAX_RULES));
  for (const [i, { action = '', exitCodes }] of rules.entries()) {
    const rule = `${at}.restartPolicyRules[${i}]`;
    if (!RULE_ACTIONS.includes(action)) errors.push(notSupported(`${rule}.action`, action, RULE_ACTIONS));
    if (exitCodes === undefined) {
      errors.push(required(`${rule}.exitCodes`, 'must be specified'));
      continue;
    }
    const { operator = '', values = [] } = exitCodes;
    if (!RULE_OPERATORS.includes(operator)) errors.push(notSupported(`${rule}.exitCodes.operator`, operator, RULE_OPERATORS));
    if (values.length > MAX_EXIT_CODES) errors.push(tooMany(`${rule}.exitCodes.values`, values.length, MAX_EXIT_CODES));
  }
}

function validateUnique(errors: FieldError[], at: string, name: string | undefined, names: Set<string>): void {
  if (!name) return;
  if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
  names.add(name);
}

function validateCommon(errors: FieldError[], at: string, container: Loose<Container>, context: PodContext): void {
  const { name = '', image = '', imagePullPolicy = '', terminationMessagePolicy = '' } = container;
  if (name === '') errors.push(required(`${at}.name`));
  else for (const fault of dnsLabel(name)) errors.push(invalidValue(`${at}.name`, name, fault));
  if (image === '') errors.push(required(`${at}.image`));
  else if (image.trim() !== image) errors.push(invalidValue(`${at}.image`, image, 'must not have leading or trailing whitespace'));
  if (terminationMessagePolicy === '') errors.push(required(`${at}.terminationMessagePolicy`));
  else if (!MESSAGE_POLICIES.includes(terminationMessagePolicy)) {
    errors.push(notSupported(`${at}.terminationMessagePolicy`, terminationMessagePolicy, MESSAGE_POLICIES));
  }
  validatePorts(errors, `${at}.ports`, container.ports ?? [], context.hostNetwork);
  validateEnv(errors, `${at}.env`, container.env ?? []);
  validateEnvFrom(errors, `${at}.envFrom`, container.envFrom ?? []);
  validateMounts(errors, `${at}.volumeMounts`, container, context.volumes);
  if (imagePullPolicy === '') errors.push(required(`${at}.imagePullPolicy`));
  else if (!PULL_POLICIES.includes(imagePullPolicy)) errors.push(notSupported(`${at}.imagePullPolicy`, imagePullPolicy, PULL_POLICIES));
  validateResources(errors, `${at}.resources`, container.resources);
  validateResizePolicies(errors, `${at}.resizePolicy`, container.resizePolicy ?? [], context.restartPolicy);
  validateSecurityContext(errors, `${at}.securityContext`, container.securityContext, context.hostUsers);
}

function validateResizePolicies(
  errors: FieldError[],
  path: string,
  policies: readonly Loose<ObjectOf<'core/v1.ContainerResizePolicy'>>[],
  podPolicy: string | undefined,
): void {
  const names = new Set<string>();
  for (const [i, { resourceName = '', restartPolicy = '' }] of policies.entries()) {
    if (names.has(resourceName)) errors.push(duplicate(`${path}[${i}]`, resourceName));
    names.add(resourceName);
    if (resourceName === '') errors.push(required(path));
    else if (!RESIZABLE.includes(resourceName)) errors.push(notSupported(path, resourceName, RESIZABLE));
    if (restartPolicy === '') errors.push(required(path));
    else if (!RESIZE_POLICIES.includes(restartPolicy)) errors.push(notSupported(path, restartPolicy, RESIZE_POLICIES));
    if (podPolicy === 'Never' && restartPolicy !== 'NotRequired')
      errors.push(invalidValue(path, restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"));
  }
}

function validatePorts(errors: FieldError[], path: string, ports: readonly Loose<ContainerPort>[], hostNetwork: boolean): void {
  const names = new Set<string>();
  for (const [i, port] of ports.entries()) {
    const at = `${path}[${i}]`;
    const { name = '', containerPort = 0, hostPort = 0, protocol = '' } = port;
    if (name !== '') {
      const faults = portName(name);
      for (const fault of faults) errors.push(invalidValue(`${at}.name`, name, fault));
      if (faults.length === 0 && names.has(name)) errors.push(duplicate(`${at}.name`, name));
      names.add(name);
    }
    if (containerPort === 0) errors.push(required(`${at}.containerPort`));
    else for (const fault of portNumber(containerPort)) errors.push(invalidValue(`${at}.containerPort`, containerPort, fault));
    if (hostPort !== 0) for (const fault of portNumber(hostPort)) errors.push(invalidValue(`${at}.hostPort`, hostPort, fault));
    if (protocol === '') errors.push(required(`${at}.protocol`));
    else if (!PROTOCOLS.includes(protocol)) errors.push(notSupported(`${at}.protocol`, protocol, PROTOCOLS));
    if (hostNetwork && hostPort !== containerPort) {
      errors.push(invalidValue(`${at}.hostPort`, hostPort, 'must match `containerPort` when `hostNetwork` is true'));
    }
  }
}

function validateHostPorts(errors: FieldError[], path: string, containers: readonly Loose<Container>[]): void {
  const taken = new Set<string>();
  for (const [i, container] of containers.entries()) {
    for (const [n, port] of (container.ports ?? []).entries()) {
      if (!port.hostPort) continue;
      const text = `${port.protocol ?? ''}/${port.hostIP ?? ''}/${port.hostPort}`;
      if (taken.has(text)) errors.push(duplicate(`${path}[${i}].ports[${n}].hostPort`, text));
      taken.add(text);
    }
  }
}

function validateMounts(errors: FieldError[], path: string, container: Loose<Container>, volumes: ReadonlySet<string>): void {
  const points = new Set<string>();
  for (const [i, mount] of (container.volumeMounts ?? []).entries()) {
    const at = `${path}[${i}]`;
    const { name = '', mountPath = '' } = mount;
    if (name === '') errors.push(required(`${at}.name`));
    if (!volumes.has(name)) errors.push(fieldNotFound(`${at}.name`, name));
    if (mountPath === '') errors.push(required(`${at}.mountPath`));
    if (points.has(mountPath)) errors.push(invalidValue(`${at}.mountPath`, mountPath, 'must be unique'));
    points.add(mountPath);
    validateMountOptions(errors, at, mount, container);
  }
}

function validateMountOptions(errors: FieldError[], at: string, mount: Loose<VolumeMount>, container: Loose<Container>): void {
  if (mount.subPath) validateDescending(errors, `${at}.subPath`, mount.subPath);
  if (mount.subPathExpr) {
    if (mount.subPath) errors.push(invalidValue(`${at}.subPathExpr`, mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
    validateDescending(errors, `${at}.subPathExpr`, mount.subPathExpr);
  }
  const propagation = mount.mountPropagation;
  if (propagation === undefined) return;
  if (!PROPAGATIONS.includes(propagation)) errors.push(notSupported(`${at}.mountPropagation`, propagation, PROPAGATIONS));
  if (propagation === 'Bidirectional' && container.securityContext?.privileged !== true) {
    errors.push(forbiddenField(`${at}.mountPropagation`, 'Bidirectional mount propagation is available only to privileged containers'));
  }
}
