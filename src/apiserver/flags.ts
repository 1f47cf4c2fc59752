/** The API server's flags, under the names of kube-apiserver (kubernetes `cmd/kube-apiserver/app/options`), as data. */
import { parseDuration } from '../api/duration.ts';
import type { FlagTable } from '../util/flags.ts';
import type { InflightLimits } from './http/inflight.ts';

export const APISERVER_FLAGS = [
  { name: 'bind-address', type: 'string', default: '0.0.0.0', placeholder: 'ADDRESS', help: 'Address to listen on.' },
  { name: 'secure-port', type: 'int', default: 6443, placeholder: 'PORT', help: 'Port to listen on, with TLS.' },
  {
    name: 'advertise-address',
    type: 'string',
    placeholder: 'ADDRESS',
    help: 'Address under which others reach this API server; named in its certificate and in the endpoints of Service kubernetes.',
  },
  {
    name: 'tls-cert-file',
    type: 'string',
    placeholder: 'FILE',
    help: 'Serving certificate (PEM). Without it one is made under the data directory.',
  },
  { name: 'tls-private-key-file', type: 'string', placeholder: 'FILE', help: 'Key of the serving certificate (PEM).' },
  {
    name: 'client-ca-file',
    type: 'string',
    placeholder: 'FILE',
    help: 'Clients with a certificate of one of these authorities are known by its common name and organizations.',
  },
  { name: 'anonymous-auth', type: 'bool', default: true, help: 'Let requests without credentials in as system:anonymous.' },
  {
    name: 'enable-bootstrap-token-auth',
    type: 'bool',
    default: false,
    help: 'Know nodes that join by the bootstrap tokens in kube-system (Secrets of type bootstrap.kubernetes.io/token).',
  },
  {
    name: 'authorization-mode',
    type: 'strings',
    default: ['Node', 'RBAC'],
    placeholder: 'MODE,…',
    help: 'Who decides what a user may do, in order: Node, RBAC, AlwaysAllow, AlwaysDeny.',
  },
  {
    name: 'service-account-issuer',
    type: 'string',
    default: 'https://kubernetes.default.svc',
    placeholder: 'URL',
    help: 'Issuer of the tokens of ServiceAccounts.',
  },
  {
    name: 'service-account-signing-key-file',
    type: 'string',
    placeholder: 'FILE',
    help: 'Private key that signs the tokens of ServiceAccounts. Without it one is made under the data directory.',
  },
  {
    name: 'service-account-key-file',
    type: 'strings',
    default: [],
    placeholder: 'FILE',
    help: 'Public or private keys that verify the tokens of ServiceAccounts; the signing key when none is given. May be repeated.',
  },
  {
    name: 'api-audiences',
    type: 'strings',
    default: [],
    placeholder: 'NAME,…',
    help: 'Audiences that tokens must name; the issuer when empty.',
  },
  {
    name: 'service-cluster-ip-range',
    type: 'string',
    default: '10.96.0.0/16',
    placeholder: 'CIDR',
    help: 'Range of the addresses of Services.',
  },
  {
    name: 'max-requests-inflight',
    type: 'int',
    default: 400,
    placeholder: 'COUNT',
    help: 'How many requests that read may run at once; the others are answered with 429. 0 is no limit.',
  },
  {
    name: 'max-mutating-requests-inflight',
    type: 'int',
    default: 200,
    placeholder: 'COUNT',
    help: 'How many requests that write may run at once; the others are answered with 429. 0 is no limit.',
  },
  {
    name: 'request-timeout',
    type: 'duration',
    default: '1m0s',
    placeholder: 'DURATION',
    help: 'How long a request may take that is no watch, log, exec, attach, port-forward or proxy.',
  },
  {
    name: 'audit-log-path',
    type: 'string',
    placeholder: 'FILE',
    help: 'File to which every request is written as a line of audit.k8s.io/v1, without bodies; - is standard output.',
  },
  {
    name: 'audit-log-maxsize',
    type: 'int',
    default: 100,
    placeholder: 'MB',
    help: 'Size at which the audit log is set aside and a new file begun.',
  },
  {
    name: 'audit-log-maxbackup',
    type: 'int',
    default: 10,
    placeholder: 'COUNT',
    help: 'Audit logs set aside that are kept; 0 keeps all.',
  },
  {
    name: 'kubelet-client-certificate',
    type: 'string',
    placeholder: 'FILE',
    help: 'Client certificate (PEM) for requests to kubelets: logs, exec, the node proxy.',
  },
  { name: 'kubelet-client-key', type: 'string', placeholder: 'FILE', help: 'Key of that client certificate (PEM).' },
  {
    name: 'kubelet-certificate-authority',
    type: 'string',
    placeholder: 'FILE',
    help: 'Authority that kubelets’ certificates must be of. Without it they are not verified, as in the original.',
  },
  {
    name: 'kubelet-preferred-address-types',
    type: 'strings',
    default: ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP'],
    placeholder: 'TYPE,…',
    help: 'Which of a node’s addresses to use for its kubelet, in order.',
  },
] as const satisfies FlagTable;

/** What the flags let requests do. */
export function limitsOf(flags: {
  readonly 'max-requests-inflight': number;
  readonly 'max-mutating-requests-inflight': number;
  readonly 'request-timeout': string;
}): { inflight: InflightLimits; requestTimeout: number } {
  return {
    inflight: { reading: flags['max-requests-inflight'], mutating: flags['max-mutating-requests-inflight'] },
    requestTimeout: parseDuration(flags['request-timeout']),
  };
}

interface AuditFlags {
  readonly 'audit-log-path'?: string;
  readonly 'audit-log-maxsize': number;
  readonly 'audit-log-maxbackup': number;
}

/** Where the flags want the audit log; nothing when they want none. */
export function auditOf(flags: AuditFlags): { path: string; maxBytes: number; maxBackups: number } | undefined {
  const path = flags['audit-log-path'] ?? '';
  if (path === '') return undefined;
  // Without a size the file grows for ever, as in the original.
  const maxBytes = flags['audit-log-maxsize'] > 0 ? flags['audit-log-maxsize'] * 1_000_000 : Number.POSITIVE_INFINITY;
  return { path, maxBytes, maxBackups: flags['audit-log-maxbackup'] };
}

/** The values of all flags as text, for `/flagz`. */
export function flagsAsText(values: Readonly<Record<string, unknown>>): Record<string, string> {
  const known = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known.map(([name, value]) => [name, String(value)]));
}

/** The place that `--advertise-address` names; nothing without it. */
export function advertised(flags: {
  readonly 'advertise-address'?: string;
  readonly 'secure-port': number;
}): { host: string; port: number } | undefined {
  const host = flags['advertise-address'] ?? '';
  return host === '' ? undefined : { host, port: flags['secure-port'] };
}
