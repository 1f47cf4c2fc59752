/** What the API server answers about users and their rights: reviews and token requests, nothing of it stored. */
import { badRequest, internalError } from '../../api/status.ts';
import { goTime } from '../../api/time.ts';
import type { ObjectOf, TokenReview } from '../../api/types.ts';
import type { TokenIssuer } from '../../auth/service-account-token.ts';
import type { AuthenticationResult, Authenticator, UserInfo } from '../../auth/types.ts';
import type { Clock } from '../../util/clock.ts';
import type { CreateHandler, ObjectReader } from '../endpoint.ts';
import { accessReviews } from './access-reviews.ts';
import type { ApiAuthorization } from './authorization.ts';
import { tokenRequestHandler } from './token-request.ts';

export interface ReviewOptions {
  /** The server's own chain: a reviewed token is judged as a request that carries it. */
  readonly authenticate: Authenticator;
  readonly authorization: Pick<ApiAuthorization, 'authorize' | 'rulesFor'>;
  readonly tokens: TokenIssuer;
  readonly objects: ObjectReader;
  readonly clock: Clock;
}

/** A TokenReview as it may come: nothing in it is certain. */
interface Sent {
  readonly spec: Partial<TokenReview['spec']>;
}

/** Handlers by `resource` or `resource/subresource`, for the server's table of endpoints. */
export function reviewEndpoints(options: ReviewOptions): Record<string, CreateHandler> {
  return {
    ...accessReviews(options.authorization),
    'tokenreviews.authentication.k8s.io': async (_request, object) => {
      const { token = '', audiences = [] } = (object as unknown as Partial<Sent>).spec ?? {};
      if (token === '') throw badRequest('token is required for TokenReview in authentication');
      const wanted = audiences.length > 0 ? audiences : options.tokens.audiences;
      const credentials = { certificates: [], authorization: `Bearer ${token}`, audiences: wanted };
      return { ...object, status: reviewed(await options.authenticate(credentials), wanted) };
    },
    'selfsubjectreviews.authentication.k8s.io': ({ user }, { kind, apiVersion }) =>
      Promise.resolve({
        kind,
        apiVersion,
        metadata: { creationTimestamp: goTime(options.clock.now()) },
        status: { userInfo: userInfo(user) },
      }),
    'serviceaccounts/token': tokenRequestHandler(options),
  };
}

function reviewed(result: AuthenticationResult, wanted: readonly string[]): NonNullable<TokenReview['status']> {
  if (result.kind === 'rejected') return { user: {}, error: result.reason };
  if (result.kind === 'none') return { user: {} };
  const audiences = result.audiences ?? [];
  if (!audiences.some((audience) => wanted.includes(audience))) throw internalError('error validating audiences');
  return { authenticated: true, user: userInfo(result.user), audiences: [...audiences] };
}

/** A user as the API writes it; what is empty is left out. */
export function userInfo({ name, uid = '', groups, extra }: UserInfo): ObjectOf<'authentication/v1.UserInfo'> {
  return {
    username: name,
    ...(uid !== '' && { uid }),
    ...(groups.length > 0 && { groups: [...groups] }),
    ...(extra && { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])) }),
  };
}
