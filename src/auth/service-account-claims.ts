/** The claims of ServiceAccount tokens, bound and legacy (kubernetes `pkg/serviceaccount/claims.go`, `legacy.go`). */
import { isObject } from './jwt.ts';
import type { UserInfo } from './types.ts';

/** An object that a token is bound to. A node that had no object when the token was made has no uid. */
export interface BoundRef {
  readonly name: string;
  readonly uid: string;
}

/** What the `kubernetes.io` claim says. */
export interface BoundClaims {
  readonly namespace: string;
  readonly serviceAccount: BoundRef;
  readonly pod?: BoundRef;
  readonly secret?: BoundRef;
  readonly node?: BoundRef;
}

/** Claims of a token that a Secret holds. */
export interface LegacyClaims {
  readonly namespace: string;
  readonly serviceAccount: BoundRef;
  readonly secretName: string;
}

export const LEGACY_ISSUER = 'kubernetes/serviceaccount';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Reads the `kubernetes.io` claim; undefined when it is not as this server writes it. */
export function readBoundClaims(claims: Readonly<Record<string, unknown>>): BoundClaims | undefined {
  const own = claims['kubernetes.io'];
  if (!isObject(own)) return undefined;
  const namespace = text(own['namespace']);
  const ref = (key: string): BoundRef | undefined => {
    const value = own[key];
    return isObject(value) ? { name: text(value['name']), uid: text(value['uid']) } : undefined;
  };
  const [serviceAccount, pod, secret, node] = [ref('serviceaccount'), ref('pod'), ref('secret'), ref('node')];
  if (namespace === '' || serviceAccount === undefined || serviceAccount.name === '') return undefined;
  return { namespace, serviceAccount, ...(pod && { pod }), ...(secret && { secret }), ...(node && { node }) };
}

/** Writes the `kubernetes.io` claim, in the order of the original. */
export function writeBoundClaims(claims: BoundClaims, warnAfter?: number): Record<string, unknown> {
  const ref = ({ name, uid }: BoundRef): Record<string, string> => ({ name, ...(uid !== '' && { uid }) });
  return {
    namespace: claims.namespace,
    ...(claims.node && { node: ref(claims.node) }),
    ...(claims.pod && { pod: ref(claims.pod) }),
    ...(claims.secret && { secret: ref(claims.secret) }),
    serviceaccount: ref(claims.serviceAccount),
    ...(warnAfter !== undefined && { warnafter: warnAfter }),
  };
}

const LEGACY = `${LEGACY_ISSUER}/`;

/** Reads a legacy token's claims; undefined when one is missing or the subject is another. */
export function readLegacyClaims(claims: Readonly<Record<string, unknown>>): LegacyClaims | undefined {
  const claim = (name: string): string => text(claims[`${LEGACY}${name}`]);
  const read = {
    namespace: claim('namespace'),
    serviceAccount: { name: claim('service-account.name'), uid: claim('service-account.uid') },
    secretName: claim('secret.name'),
  };
  const { namespace, serviceAccount, secretName } = read;
  if (namespace === '' || secretName === '' || serviceAccount.name === '' || serviceAccount.uid === '') return undefined;
  return claims['sub'] === serviceAccountUserName(namespace, serviceAccount.name) ? read : undefined;
}

/** Writes a legacy token's claims. */
export function writeLegacyClaims({ namespace, serviceAccount, secretName }: LegacyClaims): Record<string, unknown> {
  return {
    iss: LEGACY_ISSUER,
    [`${LEGACY}namespace`]: namespace,
    [`${LEGACY}secret.name`]: secretName,
    [`${LEGACY}service-account.name`]: serviceAccount.name,
    [`${LEGACY}service-account.uid`]: serviceAccount.uid,
    sub: serviceAccountUserName(namespace, serviceAccount.name),
  };
}

export const serviceAccountUserName = (namespace: string, name: string): string => `system:serviceaccount:${namespace}:${name}`;
export const serviceAccountGroups = (namespace: string): string[] => ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];

/** Namespace and name of a ServiceAccount's user; undefined for other users. */
export function parseServiceAccountUser(user: string): { readonly namespace: string; readonly name: string } | undefined {
  const match = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user);
  return match === null ? undefined : { namespace: match[1] ?? '', name: match[2] ?? '' };
}

const EXTRA = 'authentication.kubernetes.io/';

/** The user that a token's claims make (apiserver `pkg/authentication/serviceaccount/util.go`). */
export function serviceAccountUser(claims: Omit<BoundClaims, 'secret'>, tokenId: string): UserInfo {
  const { namespace, serviceAccount, pod, node } = claims;
  const extra: Record<string, readonly string[]> = {};
  if (tokenId !== '') extra[`${EXTRA}credential-id`] = [`JTI=${tokenId}`];
  if (node !== undefined && node.name !== '') {
    extra[`${EXTRA}node-name`] = [node.name];
    if (node.uid !== '') extra[`${EXTRA}node-uid`] = [node.uid];
  }
  if (pod !== undefined && pod.name !== '' && pod.uid !== '') {
    extra[`${EXTRA}pod-name`] = [pod.name];
    extra[`${EXTRA}pod-uid`] = [pod.uid];
  }
  return {
    name: serviceAccountUserName(namespace, serviceAccount.name),
    uid: serviceAccount.uid,
    groups: serviceAccountGroups(namespace),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}
