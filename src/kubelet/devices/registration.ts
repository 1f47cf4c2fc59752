/** What a device plugin may register as (kubernetes `pkg/kubelet/cm/devicemanager/plugin/v1beta1/server.go`, `pkg/apis/core/v1/helper/helpers.go`). */
import { join } from 'node:path';
import { goQuote } from '../../api/field-errors.ts';
import { qualifiedName } from '../../api/names.ts';

export const API_VERSION = 'v1beta1';
/** The kubelet's own socket in the plugins' folder. */
export const KUBELET_SOCKET = 'kubelet.sock';
const QUOTA_PREFIX = 'requests.';
/** Bytes of a path that a unix socket can have. */
const MAX_SOCKET_PATH = 107;

export interface RegistrationRequest {
  readonly version: string;
  /** Name of the plugin's socket in the plugins' folder. */
  readonly endpoint: string;
  readonly resourceName: string;
}

/** Why a plugin may not register; undefined when it may. */
export function registrationProblem({ version, endpoint, resourceName }: RegistrationRequest): string | undefined {
  if (version !== API_VERSION)
    return `requested API version ${goQuote(version)} is not supported by kubelet. Supported version is [${goQuote(API_VERSION)}]`;
  if (!isExtendedResource(resourceName)) return `the ResourceName ${goQuote(resourceName)} is invalid`;
  // A plugin could else have the kubelet talk to any socket of the machine.
  if (!staysInside(endpoint)) return `the Endpoint ${goQuote(endpoint)} is not a socket in the device plugin directory`;
  return undefined;
}

/** Where the plugin of a good registration listens. */
export const socketOf = (directory: string, { endpoint }: RegistrationRequest): string => join(directory, endpoint);

/** Whether a name is that of a resource which Kubernetes does not know itself: qualified, and not of kubernetes.io. */
export function isExtendedResource(name: string): boolean {
  if (!name.includes('/') || name.includes('kubernetes.io/') || name.startsWith(QUOTA_PREFIX)) return false;
  return qualifiedName(`${QUOTA_PREFIX}${name}`).length === 0;
}

function staysInside(endpoint: string): boolean {
  const parts = endpoint.split('/').filter((part) => part !== '' && part !== '.');
  return parts.length > 0 && !parts.includes('..') && !endpoint.includes('\0') && Buffer.byteLength(endpoint) <= MAX_SOCKET_PATH;
}
