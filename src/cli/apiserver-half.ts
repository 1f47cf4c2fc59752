/** The API server with its authentication, authorization, admission and proxies, as `up` and `apiserver` start it. */
import { resources } from '../api/resources.ts';
import { admissionPlugins } from '../apiserver/admission/admission.ts';
import { startApiServer, type ApiServerHandle, type ListenAddress } from '../apiserver/apiserver.ts';
import { apiAuth, type ApiAuth } from '../apiserver/auth/auth.ts';
import type { ObjectReader, ObjectWriter } from '../apiserver/endpoint.ts';
import type { KubeletCredentials } from '../apiserver/proxy/kubelet-location.ts';
import type { InflightLimits } from '../apiserver/http/inflight.ts';
import { proxyEndpoints } from '../apiserver/proxy/proxy.ts';
import type { Component } from '../apiserver/resources/component-statuses.ts';
import type { Authorizer } from '../auth/types.ts';
import type { TlsMaterial } from '../net/http.ts';
import type { Host } from '../util/host.ts';
import type { Logger } from '../util/log.ts';
import { KUBERNETES_VERSION, NODELET_VERSION } from '../util/version.ts';

export interface ApiServerHalfOptions {
  readonly listen: readonly ListenAddress[];
  readonly tls: TlsMaterial;
  /** Directory of the store. */
  readonly store: string;
  /** PEM of the authorities of client certificates. */
  readonly clientCA: string;
  readonly serviceAccountKey: string;
  /** Keys in PEM that verify tokens; the signing key when there are none. */
  readonly serviceAccountKeys?: readonly string[];
  /** Parts of the control plane that `componentstatuses` shows beside the store. */
  readonly components?: readonly Component[];
  readonly limits?: { readonly inflight: InflightLimits; readonly requestTimeout: number };
  readonly issuer: string;
  /** Empty means the issuer itself. */
  readonly audiences: readonly string[];
  /** `--enable-bootstrap-token-auth`. */
  readonly bootstrapTokens: boolean;
  readonly anonymous: boolean;
  readonly authorizationModes: readonly string[];
  readonly serviceIP: string;
  /** The range of the addresses of Services in CIDR form. */
  readonly serviceRange?: string;
  /** Where pods and other machines reach the server: the endpoints of Service `kubernetes`. No loopback address. */
  readonly advertise?: ListenAddress | undefined;
  readonly audit?: { readonly path: string; readonly maxBytes: number; readonly maxBackups: number } | undefined;
  /** What `/flagz` shows. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly kubelet: KubeletCredentials;
  readonly host: Host;
  readonly log: Logger;
}

export interface ApiServerHalf extends ApiServerHandle {
  /** Resolves when the bootstrap roles are in place; until then only system:masters may do much. */
  readonly ready: Promise<void>;
}

/** Starts it. Rejects with a StoreError, or with the error of an address that cannot be taken. */
export async function startApiServerHalf(options: ApiServerHalfOptions): Promise<ApiServerHalf> {
  const { clock } = options.host;
  const parts: { auth?: ApiAuth; proxy?: { close(): void } } = {};
  let rolesStand = false;
  const handle = await startApiServer({
    listen: options.listen,
    tls: options.tls,
    dataDir: options.store,
    serviceIP: options.serviceIP,
    ...(options.serviceRange !== undefined && { serviceRange: options.serviceRange }),
    ...(options.flags && { flags: options.flags }),
    ...options.limits,
    ...(options.advertise && { advertise: options.advertise }),
    ...(options.audit && { audit: options.audit }),
    host: options.host,
    bootstrap: ({ objects, writer }) => publishClientCA(objects, writer, options.clientCA),
    version: versionInfo(),
    log: options.log,
    clock,
    plugins: ({ objects, writer }) => {
      const { clientCA, serviceAccountKey, serviceAccountKeys = [], issuer, anonymous, bootstrapTokens, log } = options;
      const audiences = options.audiences.length > 0 ? { audiences: options.audiences } : {};
      const jwksUri = `https://${reachable(options)}/openid/v1/jwks`;
      const credentials = { clientCA, serviceAccountKey, serviceAccountKeys, anonymous, bootstrapTokens };
      const auth = apiAuth({ objects, writer, ...credentials, issuer, jwksUri, ...audiences, clock, log });
      const authorize = authorizerOf(options.authorizationModes, auth.authorize);
      const proxy = proxyEndpoints({ objects, authorize, credentials: () => options.kubelet });
      parts.auth = auth;
      parts.proxy = proxy;
      return {
        ...auth,
        authorize,
        endpoints: { create: auth.create, connect: proxy.connect },
        admission: [...admissionPlugins, ...auth.admission],
        ...(options.components && { components: options.components }),
        checks: [
          {
            name: 'poststarthook/start-cluster-authentication-info-controller',
            check: () => {
              if (!objects.get(resources.configmaps, 'kube-system', CLIENT_CA.name)) throw new Error('not finished');
            },
          },
          {
            name: 'poststarthook/rbac/bootstrap-roles',
            check: () => {
              if (!rolesStand) throw new Error('not finished');
            },
          },
        ],
      };
    },
  });
  const ready = parts.auth?.reconcile() ?? Promise.resolve();
  void ready.then(
    () => (rolesStand = true),
    () => undefined,
  );
  ready.catch((error: unknown) => options.log.error('The bootstrap roles could not be put in place', { error }));
  return {
    ...handle,
    ready,
    close: async (graceMs) => {
      await ready.catch(() => undefined);
      parts.proxy?.close();
      parts.auth?.close();
      await handle.close(graceMs);
    },
  };
}

const CLIENT_CA = { name: 'extension-apiserver-authentication', namespace: 'kube-system' } as const;

/** Tells API extensions (metrics-server is one) whose client certificates this server takes. */
async function publishClientCA(objects: ObjectReader, writer: ObjectWriter, clientCA: string): Promise<void> {
  const data = { 'client-ca-file': clientCA };
  const present = objects.get(resources.configmaps, CLIENT_CA.namespace, CLIENT_CA.name);
  if (!present) await writer.create(resources.configmaps, { metadata: CLIENT_CA, data });
  else if (present.data?.['client-ca-file'] !== clientCA)
    await writer.update(resources.configmaps, { ...present, data: { ...present.data, ...data } });
}

/** `host:port` under which clients reach the server. */
function reachable({ listen, advertise, serviceIP }: ApiServerHalfOptions): string {
  const { host, port } = advertise ?? listen[0] ?? { host: serviceIP, port: 443 };
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Node and RBAC are one chain; AlwaysAllow and AlwaysDeny stand alone. */
function authorizerOf(modes: readonly string[], nodeAndRbac: Authorizer): Authorizer {
  if (modes.includes('AlwaysAllow')) return () => ({ decision: 'allow', reason: '' });
  if (modes.length === 1 && modes[0] === 'AlwaysDeny') return () => ({ decision: 'noOpinion', reason: 'Everything is forbidden.' });
  return nodeAndRbac;
}

function versionInfo(): Parameters<typeof startApiServer>[0]['version'] {
  const [major = '', minor = ''] = KUBERNETES_VERSION.slice(1).split('.');
  return {
    major,
    minor,
    emulationMajor: major,
    emulationMinor: minor,
    minCompatibilityMajor: major,
    minCompatibilityMinor: String(Number(minor) - 1),
    gitVersion: `${KUBERNETES_VERSION}+nodelet-${NODELET_VERSION}`,
    gitCommit: '',
    gitTreeState: '',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: `node${process.version}`,
    compiler: 'v8',
    platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  };
}
