/** Services (`pkg/apis/core/validation/validation.go`, ValidateService). */
import { duplicate, forbiddenField, invalidValue, notSupported, required } from '../field-errors.ts';
import type { FieldError } from '../field-errors.ts';
import { dnsLabel, dnsSubdomain, inRange, portName, portNumber, qualifiedName } from '../names.ts';
import { jsonEqual } from '../own.ts';
import type { Loose, ObjectOf, Service } from '../types.ts';
import { validateLabels } from './metadata.ts';

type Port = Loose<ObjectOf<'core/v1.ServicePort'>>;
type Spec = Loose<ObjectOf<'core/v1.ServiceSpec'>>;

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const AFFINITIES = ['ClientIP', 'None'];
const MAX_AFFINITY_SECONDS = 86_400;

export function validateService(errors: FieldError[], service: Loose<Service>): void {
  const spec: Spec = service.spec ?? {};
  const ports = spec.ports ?? [];
  const headless = spec.clusterIP === 'None' || spec.clusterIPs?.[0] === 'None';
  if (ports.length === 0 && !headless && spec.type !== 'ExternalName') errors.push(required('spec.ports'));
  if (headless && (spec.type === 'LoadBalancer' || spec.type === 'NodePort')) {
    errors.push(invalidValue('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`));
  }
  if (spec.type === 'ExternalName') validateExternalName(errors, spec);
  validatePorts(errors, spec, ports);
  validateLabels(errors, 'spec.selector', spec.selector);
  if (!spec.sessionAffinity) errors.push(required('spec.sessionAffinity'));
  else if (!AFFINITIES.includes(spec.sessionAffinity)) errors.push(notSupported('spec.sessionAffinity', spec.sessionAffinity, AFFINITIES));
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (seconds !== undefined && (seconds <= 0 || seconds > MAX_AFFINITY_SECONDS)) {
    const path = 'spec.sessionAffinityConfig.clientIP.timeoutSeconds';
    errors.push(invalidValue(path, seconds, `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`));
  }
  if (!spec.type) errors.push(required('spec.type'));
  else if (!TYPES.includes(spec.type)) errors.push(notSupported('spec.type', spec.type, TYPES));
}

function validateExternalName(errors: FieldError[], spec: Spec): void {
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  if ((spec.clusterIPs ?? []).length > 0) errors.push(forbiddenField('spec.clusterIPs', 'may not be set for ExternalName services'));
  if (name === '') errors.push(required('spec.externalName'));
  else for (const fault of dnsSubdomain(name)) errors.push(invalidValue('spec.externalName', name, fault));
}

function validatePorts(errors: FieldError[], spec: Spec, ports: readonly Port[]): void {
  const names = new Set<string>();
  for (const [i, port] of ports.entries()) {
    const at = `spec.ports[${i}]`;
    validateName(errors, `${at}.name`, port.name ?? '', ports.length > 1, names);
    const { port: number = 0, protocol = '' } = port;
    for (const fault of portNumber(number)) errors.push(invalidValue(`${at}.port`, number, fault));
    if (protocol === '') errors.push(required(`${at}.protocol`));
    else if (!PROTOCOLS.includes(protocol)) errors.push(notSupported(`${at}.protocol`, protocol, PROTOCOLS));
    if (typeof port.targetPort === 'string')
      for (const fault of portName(port.targetPort)) errors.push(invalidValue(`${at}.targetPort`, port.targetPort, fault));
    else for (const fault of portNumber(port.targetPort ?? 0)) errors.push(invalidValue(`${at}.targetPort`, port.targetPort ?? 0, fault));
    if (port.appProtocol)
      for (const fault of qualifiedName(port.appProtocol)) errors.push(invalidValue(`${at}.appProtocol`, port.appProtocol, fault));
    validateNodePort(errors, at, spec, port);
  }
  for (const [i, port] of ports.entries()) {
    const same = ports.findIndex((p) => p.port === port.port && p.protocol === port.protocol);
    if (same < i)
      errors.push(
        duplicate(`spec.ports[${i}]`, {
          Name: '',
          Protocol: port.protocol,
          AppProtocol: null,
          Port: port.port,
          TargetPort: 0,
          NodePort: 0,
        }),
      );
  }
}

function validateName(errors: FieldError[], path: string, name: string, needed: boolean, names: Set<string>): void {
  if (name === '') {
    if (needed) errors.push(required(path));
    return;
  }
  for (const fault of dnsLabel(name)) errors.push(invalidValue(path, name, fault));
  if (names.has(name)) errors.push(duplicate(path, name));
  names.add(name);
}

function validateNodePort(errors: FieldError[], at: string, spec: Spec, { nodePort = 0 }: Port): void {
  if (nodePort === 0) return;
  if (spec.type === 'ClusterIP') errors.push(forbiddenField(`${at}.nodePort`, "may not be used when `type` is 'ClusterIP'"));
  else for (const fault of inRange(nodePort, 0, 65_535)) errors.push(invalidValue(`${at}.nodePort`, nodePort, fault));
}

export function validateServiceUpdate(errors: FieldError[], service: Loose<Service>, before: Loose<Service>): void {
  const now = service.spec?.clusterIPs ?? [];
  const then = before.spec?.clusterIPs ?? [];
  const named = service.spec?.type === 'ExternalName' || before.spec?.type === 'ExternalName';
  if (!named && then.length > 0 && !jsonEqual(now[0] ?? null, then[0] ?? null)) {
    errors.push(invalidValue('spec.clusterIPs[0]', now, 'may not change once set'));
  }
  validateService(errors, service);
}
