/** Authentication, authorization and what belongs to them, joined for the API server. Read this first. */
import { requestInfo } from '../../api/request-info.ts';
import { resources, type ResourceDefinition } from '../../api/resources.ts';
import { hasReason } from '../../api/status.ts';
import type { KubeObject } from '../../api/types.ts';
import { serviceAccountIssuer, type TokenIssuer } from '../../auth/service-account-token.ts';
import type { Authorizer, UserInfo } from '../../auth/types.ts';
import type { Clock } from '../../util/clock.ts';
import { errorText, type Logger } from '../../util/log.ts';
import { certificateAdmission } from '../admission/certificate-requests.ts';
import type { AdmissionPlugin, CreateHandler, Impersonation, ObjectReader, ObjectWriter, RequestAuthenticator } from '../endpoint.ts';
import { startClusterRoleAggregation } from './aggregation.ts';
import { apiAuthentication, credentialsOf, tokenLookups } from './authentication.ts';
import { apiAuthorization, attributesOf } from './authorization.ts';
import { type PolicyRegistry, reconcileRbac } from './bootstrap/reconcile.ts';
import { escalationAdmission } from './escalation.ts';
import { impersonate, wantedUser } from './impersonation.ts';
import { nodeRestrictionAdmission } from './node-restriction.ts';
import { dropCredentials } from './request-headers.ts';
import { reviewEndpoints } from './reviews.ts';

export interface ApiAuthOptions {
  readonly objects: ObjectReader;
  readonly writer: ObjectWriter;
  /** PEM bundle of the authorities whose client certificates count. */
  readonly clientCA?: string | (() => string);
  /** Private key in PEM that signs ServiceAccount tokens. */
  readonly serviceAccountKey: string;
  /** Keys in PEM that verify tokens; the signing key when there are none. */
  readonly serviceAccountKeys?: readonly string[];
  readonly issuer: string;
  /** Audiences that tokens for this server name; the issuer when absent. */
  readonly audiences?: readonly string[];
  /** Where verifiers find the keys; from the issuer when absent. */
  readonly jwksUri?: string;
  readonly staticTokens?: ReadonlyMap<string, UserInfo>;
  /** Bootstrap tokens are believed. */
  readonly bootstrapTokens?: boolean;
  readonly anonymous: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface ApiAuth {
  readonly authenticate: RequestAuthenticator;
  readonly impersonate: Impersonation;
  readonly authorize: Authorizer;
  /** Reviews and `serviceaccounts/token`, for `Endpoints.create`. */
  readonly create: Readonly<Record<string, CreateHandler>>;
  /** NodeRestriction, the check against escalation, and the rules of certificate requests. */
  readonly admission: readonly AdmissionPlugin[];
  readonly tokens: TokenIssuer;
  openIdConfiguration(): string;
  jwks(): string;
  /**
   * Brings roles and bindings up to the bootstrap policy and keeps aggregated roles filled until `close`; call it when the
   * system's namespaces exist.
   */
  reconcile(): Promise<void>;
  close(): void;
}

/** Joins the parts over what is stored. Throws when the key cannot sign tokens. */
export function apiAuth(options: ApiAuthOptions): ApiAuth {
  const { objects, writer, clock } = options;
  const log = options.log.scope('auth');
  const tokens = serviceAccountIssuer({
    key: options.serviceAccountKey,
    ...(options.serviceAccountKeys && { verifyingKeys: options.serviceAccountKeys }),
    issuer: options.issuer,
    ...(options.audiences && { audiences: options.audiences }),
    clock,
    lookups: tokenLookups(objects),
  });
  const chain = apiAuthentication({ ...options, tokens, bootstrapTokens: options.bootstrapTokens === true ? objects : undefined });
  const authorization = apiAuthorization(objects);
  const { authorize } = authorization;
  const registry = policyRegistry(objects, writer);
  const reviews = reviewEndpoints({ authenticate: chain, authorization, tokens, objects, clock });
  let stopAggregation = (): void => undefined;
  return {
    authorize,
    tokens,
    authenticate: async (exchange) => {
      const result = await chain(credentialsOf(exchange));
      if (result.kind === 'rejected') log.error('Unable to authenticate the request', { err: result.reason });
      if (result.kind !== 'user') return undefined;
      return result.user;
    },
    impersonate: async (exchange, sender) => {
      const { request, method, target } = exchange;
      try {
        const wanted = wantedUser(request.rawHeaders);
        dropCredentials(request);
        if (wanted === undefined) return sender;
        const asked = attributesOf(sender, requestInfo(method, target.path ?? '', target.query), target.query);
        return await impersonate(sender, wanted, asked, authorize);
      } catch (error) {
        if ('response' in exchange) exchange.response.setHeader('X-Content-Type-Options', 'nosniff');
        throw error;
      }
    },
    create: { ...reviews, ...restrictedTokens(reviews, objects) },
    admission: [nodeRestrictionAdmission, escalationAdmission(authorization), certificateAdmission({ authorize, now: () => clock.now() })],
    openIdConfiguration: () => JSON.stringify(tokens.discovery(options.jwksUri ?? `${options.issuer}/openid/v1/jwks`)),
    jwks: () => JSON.stringify(tokens.jwks()),
    reconcile: async () => {
      await reconcileRbac(registry);
      // Only now: while the policy is written, every role would wake it.
      stopAggregation();
      stopAggregation = startClusterRoleAggregation(objects, registry, (error) =>
        log.error('Could not aggregate cluster roles', { error }),
      );
    },
    close: () => {
      stopAggregation();
      authorization.close();
    },
  };
}

/** Token requests are not stored, so that admission must be asked here what it thinks of a node's. */
function restrictedTokens(reviews: Readonly<Record<string, CreateHandler>>, objects: ObjectReader): Record<string, CreateHandler> {
  const key = 'serviceaccounts/token';
  const handler = reviews[key];
  if (handler === undefined) return {};
  return {
    [key]: async (request, object) => {
      const { namespace, name } = request.info;
      const asked = { resource: resources.serviceaccounts, subresource: 'token', namespace, name, user: request.user };
      await nodeRestrictionAdmission({ ...asked, operation: 'create', object, before: undefined, dryRun: false }, objects);
      return handler(request, object);
    },
  };
}

/** The server's own writes of roles; what another start has created meanwhile is fine. */
function policyRegistry(objects: ObjectReader, writer: ObjectWriter): PolicyRegistry {
  return {
    get: (resource, namespace, name) => objects.get(resource, namespace, name) as KubeObject | undefined,
    list: (resource: ResourceDefinition) => objects.list(resource) as unknown as KubeObject[],
    create: async (resource, object: KubeObject) => {
      try {
        await writer.create(resource, object);
      } catch (error) {
        if (!hasReason(error, 'AlreadyExists'))
          throw new Error(`${resource.resource} ${object.metadata.name ?? ''}: ${errorText(error)}`, { cause: error });
      }
    },
    update: (resource, object) => writer.update(resource, object),
    delete: (resource, namespace, name) => writer.delete(resource, namespace, name),
  };
}
