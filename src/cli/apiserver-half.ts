/** The API server with its authentication, authorization, admission and proxies, as `up` and `apiserver` start it. */
import { admissionPlugins } from '../apiserver/admission/admission.ts';
import { startApiServer, type ApiServerHandle, type ListenAddress } from '../apiserver/apiserver.ts';
import { startClusterRoleAggregation } from '../apiserver/auth/aggregation.ts';
import { apiAuthentication, credentialsOf, tokenLookups } from '../apiserver/auth/authentication.ts';
import { apiAuthorization, attributesOf } from '../apiserver/auth/authorization.ts';
import { reconcileRbac, type PolicyRegistry } from '../apiserver/auth/bootstrap/reconcile.ts';
import { escalationAdmission } from '../apiserver/auth/escalation.ts';
import { impersonate, wantedUser } from '../apiserver/auth/impersonation.ts';
import { nodeRestrictionAdmission } from '../apiserver/auth/node-restriction.ts';
import { reviewEndpoints } from '../apiserver/auth/reviews.ts';
import type { ObjectReader, ObjectWriter } from '../apiserver/endpoint.ts';
import type { KubeletCredentials } from '../apiserver/proxy/kubelet-location.ts';
import { proxyEndpoints } from '../apiserver/proxy/proxy.ts';
import { requestInfo } from '../api/request-info.ts';
import { serviceAccountIssuer } from '../auth/service-account-token.ts';
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
  readonly issuer: string;
  /** Empty means the issuer itself. */
  readonly audiences: readonly string[];
  readonly anonymous: boolean;
  readonly authorizationModes: readonly string[];
  readonly serviceIP: string;
  readonly kubelet: KubeletCredentials;
  readonly host: Host;
  readonly log: Logger;
}

/** Starts it. Rejects with a StoreError, or with the error of an address that cannot be taken. */
export async function startApiServerHalf(options: ApiServerHalfOptions): Promise<ApiServerHandle> {
  const { clock } = options.host;
  const log = options.log.scope('apiserver');
  const closers: (() => void)[] = [];
  const handle = await startApiServer({
    listen: options.listen,
    tls: options.tls,
    dataDir: options.store,
    serviceIP: options.serviceIP,
    version: versionInfo(),
    log: options.log,
    clock,
    bootstrap: async ({ objects, writer }) => {
      await reconcileRbac(registryOf(objects, writer));
    },
    plugins: ({ objects }) => {
      const tokens = serviceAccountIssuer({
        key: options.serviceAccountKey,
        issuer: options.issuer,
        ...(options.audiences.length > 0 && { audiences: options.audiences }),
        clock,
        lookups: tokenLookups(objects),
      });
      const chain = apiAuthentication({ clientCA: options.clientCA, tokens, anonymous: options.anonymous, clock });
      const authorization = apiAuthorization(objects);
      const authorize = authorizerOf(options.authorizationModes, authorization.authorize);
      const judged = { ...authorization, authorize };
      const proxy = proxyEndpoints({ objects, authorize, credentials: () => options.kubelet });
      closers.push(
        () => proxy.close(),
        () => authorization.close(),
      );
      return {
        authenticate: async (exchange) => {
          const result = await chain(credentialsOf(exchange));
          return result.kind === 'user' ? result.user : undefined;
        },
        authorize,
        impersonate: async (exchange, user) => {
          const wanted = wantedUser(exchange.request.rawHeaders);
          if (wanted === undefined) return user;
          const { path, query } = exchange.target;
          const info = requestInfo(exchange.method, path ?? '/', query);
          return impersonate(user, wanted, attributesOf(user, info, query), authorize);
        },
        endpoints: {
          create: reviewEndpoints({ authenticate: chain, authorization: judged, tokens, objects, clock }),
          connect: proxy.connect,
        },
        admission: [...admissionPlugins, nodeRestrictionAdmission, escalationAdmission(judged)],
        openIdConfiguration: () => JSON.stringify(tokens.discovery(`${options.issuer}/openid/v1/jwks`)),
        jwks: () => JSON.stringify(tokens.jwks()),
      };
    },
  });
  // Only now: the policy's own reconciliation fills the aggregated roles once, and two writers would be in each other's way.
  const registry = registryOf(handle.objects, handle.writer);
  closers.push(
    startClusterRoleAggregation(handle.objects, registry, (error) => log.warn('Aggregated roles could not be filled', { error })),
  );
  return {
    ...handle,
    close: async (graceMs) => {
      for (const stop of closers) stop();
      await handle.close(graceMs);
    },
  };
}

/** The server's own reads and writes as the policy's parts take them: for any resource, untyped. */
function registryOf(objects: ObjectReader, writer: ObjectWriter): PolicyRegistry {
  return { ...objects, ...writer } as unknown as PolicyRegistry;
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
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: `node${process.version}`,
    compiler: 'v8',
    platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  };
}
