/** A request to a resource, with what its handlers need. */
import type { RequestInfo } from '../../api/request-info.ts';
import type { ResourceDefinition, Subresource } from '../../api/resources.ts';
import type { UserInfo } from '../../auth/types.ts';
import type { Exchange } from '../../net/http.ts';
import { negotiate, type Representation } from '../http/negotiate.ts';
import type { Core } from '../registry/core.ts';
import type { View } from '../registry/views.ts';
import type { Target } from '../registry/write.ts';

export interface ResourceRequest {
  readonly exchange: Exchange;
  readonly info: RequestInfo;
  readonly user: UserInfo;
  readonly query: URLSearchParams;
  readonly core: Core;
  readonly definition: ResourceDefinition;
  readonly view: View;
  readonly subresource: Subresource | undefined;
  /** Adds a Warning header. */
  readonly warn: (text: string) => void;
}

/** The object that the request's path names. */
export function targetOf(request: ResourceRequest): Target {
  const { definition, info } = request;
  const namespace = definition.namespaced ? info.namespace : '';
  return { definition, namespace, name: info.name, subresource: info.subresource };
}

/** The form in which the client wants the answer. Throws 406. */
export function formOf(
  request: ResourceRequest,
  options: { readonly stream?: boolean; readonly objectsOnly?: boolean } = {},
): Representation {
  const { headers } = request.exchange.request;
  return negotiate({ accept: headers.accept, userAgent: headers['user-agent'], query: request.query, ...options });
}
