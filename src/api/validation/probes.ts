/** Probes and lifecycle hooks (`pkg/apis/core/validation/validation.go`, validateProbe and validateHandler). */
import { forbiddenField, invalidValue, notSupported, required } from '../field-errors.ts';
import type { FieldError } from '../field-errors.ts';
import { httpHeaderName, portName, portNumber } from '../names.ts';
import type { Loose, ObjectOf, Probe } from '../types.ts';
import { validateNotNegative } from './metadata.ts';

type Handler = Loose<ObjectOf<'core/v1.ProbeHandler'> & ObjectOf<'core/v1.LifecycleHandler'>>;
type Lifecycle = Loose<ObjectOf<'core/v1.Lifecycle'>>;

/** Pushes what is wrong with a port that is a number or a name. */
export function validatePortOrName(errors: FieldError[], path: string, port: number | string | undefined): void {
  const faults = typeof port === 'string' ? portName(port) : portNumber(port ?? 0);
  for (const fault of faults) errors.push(invalidValue(path, port ?? 0, fault));
}

function validateHandler(errors: FieldError[], path: string, handler: Handler): void {
  let found = 0;
  const check = (name: string, value: unknown, rest: () => void): void => {
    if (value === undefined) return;
    if (found > 0) errors.push(forbiddenField(`${path}.${name}`, 'may not specify more than 1 handler type'));
    else rest();
    found++;
  };
  check('exec', handler.exec, () => {
    if ((handler.exec?.command ?? []).length === 0) errors.push(required(`${path}.exec.command`));
  });
  check('httpGet', handler.httpGet, () => validateHttp(errors, `${path}.httpGet`, handler.httpGet ?? {}));
  check('tcpSocket', handler.tcpSocket, () => validatePortOrName(errors, `${path}.tcpSocket.port`, handler.tcpSocket?.port));
  check('grpc', handler.grpc, () => validatePortOrName(errors, `${path}.grpc.port`, handler.grpc?.port));
  check('sleep', handler.sleep, () => validateNotNegative(errors, `${path}.sleep`, handler.sleep?.seconds));
  if (found === 0) errors.push(required(path, 'must specify a handler type'));
}

function validateHttp(
  errors: FieldError[],
  path: string,
  { path: url = '', port, scheme = '', httpHeaders = [] }: Loose<ObjectOf<'core/v1.HTTPGetAction'>>,
): void {
  if (url === '') errors.push(required(`${path}.path`));
  validatePortOrName(errors, `${path}.port`, port);
  if (scheme !== 'HTTP' && scheme !== 'HTTPS') errors.push(notSupported(`${path}.scheme`, scheme, ['HTTP', 'HTTPS']));
  for (const { name = '' } of httpHeaders)
    for (const fault of httpHeaderName(name)) errors.push(invalidValue(`${path}.httpHeaders`, name, fault));
}

const NUMBERS = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const;

/** Pushes what is wrong with a probe; `once` for those that must succeed exactly once. */
export function validateProbe(errors: FieldError[], path: string, probe: Loose<Probe> | undefined, once: boolean): void {
  if (probe === undefined) return;
  validateHandler(errors, path, probe);
  for (const field of NUMBERS) validateNotNegative(errors, `${path}.${field}`, probe[field]);
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0)
    errors.push(invalidValue(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
  if (once && (probe.successThreshold ?? 0) !== 1)
    errors.push(invalidValue(`${path}.successThreshold`, probe.successThreshold ?? 0, 'must be 1'));
}

export function validateLifecycle(errors: FieldError[], path: string, lifecycle: Lifecycle | undefined): void {
  if (lifecycle?.postStart) validateHandler(errors, `${path}.postStart`, lifecycle.postStart);
  if (lifecycle?.preStop) validateHandler(errors, `${path}.preStop`, lifecycle.preStop);
}
