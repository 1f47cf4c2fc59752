/** What each of Kubernetes' own signers signs (`pkg/apis/certificates/helpers.go`, `signer/signer.go`). */

/** A request as it was read, its signature checked. */
export interface RequestedCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
}

export const CLIENT = 'kubernetes.io/kube-apiserver-client';
export const KUBELET_CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet';
export const KUBELET_SERVING = 'kubernetes.io/kubelet-serving';

const NODE_USER = 'system:node:';
const NODES = 'system:nodes';

/** Why the signer does not sign the request, in the original's words; undefined when it does, or when the signer is nobody here. */
export function refusal(signer: string, request: RequestedCertificate, usages: readonly string[]): string | undefined {
  if (signer === CLIENT) return clientRefusal(usages);
  if (signer === KUBELET_CLIENT) return kubeletClientRefusal(request, usages);
  if (signer === KUBELET_SERVING) return kubeletServingRefusal(request, usages);
  return undefined;
}

export function isOurSigner(signer: string): boolean {
  return signer === CLIENT || signer === KUBELET_CLIENT || signer === KUBELET_SERVING;
}

function clientRefusal(usages: readonly string[]): string | undefined {
  return fits(usages, ['client auth'], ['digital signature', 'key encipherment'])
    ? undefined
    : `invalid usages for client certificate: ${JSON.stringify([...usages])}`;
}

function kubeletClientRefusal(request: RequestedCertificate, usages: readonly string[]): string | undefined {
  if (!isNodes(request)) return 'subject organization is not system:nodes';
  if (request.dnsNames.length > 0) return 'DNS subjectAltNames are not allowed';
  if (request.emailAddresses.length > 0) return 'email subjectAltNames are not allowed';
  if (request.ipAddresses.length > 0) return 'IP subjectAltNames are not allowed';
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed';
  if (!request.commonName.startsWith(NODE_USER)) return 'subject common name does not begin with system:node:';
  if (!fits(usages, ['digital signature', 'client auth'], ['key encipherment']))
    return 'usages did not match [digital signature client auth]';
  return undefined;
}

function kubeletServingRefusal(request: RequestedCertificate, usages: readonly string[]): string | undefined {
  if (!isNodes(request)) return 'subject organization is not system:nodes';
  if (request.dnsNames.length === 0 && request.ipAddresses.length === 0) return 'DNS or IP subjectAltName is required';
  if (request.emailAddresses.length > 0) return 'email subjectAltNames are not allowed';
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed';
  if (!fits(usages, ['digital signature', 'server auth'], ['key encipherment']))
    return 'usages did not match [digital signature server auth]';
  if (!request.commonName.startsWith(NODE_USER)) return 'subject common name does not begin with system:node:';
  return undefined;
}

function isNodes({ organizations }: RequestedCertificate): boolean {
  return organizations.length === 1 && organizations[0] === NODES;
}

/** All of the needed usages, and none but the allowed ones besides. */
function fits(usages: readonly string[], needed: readonly string[], allowed: readonly string[]): boolean {
  return needed.every((usage) => usages.includes(usage)) && usages.every((usage) => needed.includes(usage) || allowed.includes(usage));
}
