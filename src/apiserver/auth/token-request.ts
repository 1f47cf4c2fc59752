/** `serviceaccounts/NAME/token`: makes a token (kubernetes `pkg/registry/core/serviceaccount/storage/token.go`). */
import { type FieldError, invalid, invalidValue } from '../../api/field-errors.ts';
import { resources } from '../../api/resources.ts';
import { badRequest, conflict, notFound } from '../../api/status.ts';
import { goTime } from '../../api/time.ts';
import type { KubeObject, TokenRequest } from '../../api/types.ts';
import type { BoundClaims } from '../../auth/service-account-claims.ts';
import type { TokenIssuer } from '../../auth/service-account-token.ts';
import type { Clock } from '../../util/clock.ts';
import type { CreateHandler, ObjectReader } from '../endpoint.ts';

const GROUP = 'authentication.k8s.io';
const DEFAULT_SECONDS = 3600;
const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;
/** What injected volumes ask for; such a token lives on for a year, with a warning, for clients that never read it again. */
const EXTENDED_FROM_SECONDS = 3607;
const EXTENDED_TO_SECONDS = 365 * 24 * 60 * 60;

type Spec = NonNullable<TokenRequest['spec']>;
type BoundRef = NonNullable<Spec['boundObjectRef']>;
/** A TokenRequest as it may come: nothing in it is certain. */
interface Sent {
  readonly spec?: Partial<Omit<Spec, 'boundObjectRef'>> & { readonly boundObjectRef?: BoundRef | null };
}
type Bound = Pick<BoundClaims, 'pod' | 'node' | 'secret'>;

/** The handler of subresource `serviceaccounts/token`. */
export function tokenRequestHandler(options: {
  readonly tokens: TokenIssuer;
  readonly objects: ObjectReader;
  readonly clock: Clock;
}): CreateHandler {
  const { tokens, objects, clock } = options;
  return ({ info }, object) => {
    const { namespace, name } = info;
    const account = objects.get(resources.serviceaccounts, namespace, name);
    if (account === undefined) throw notFound(resources.serviceaccounts, name);
    const spec = (object as unknown as Sent).spec ?? {};
    const { uid } = account.metadata;
    checkMetadata(object, namespace, name, uid);
    const asked = spec.audiences ?? [];
    const audiences = asked.length > 0 ? asked : [...tokens.audiences];
    const seconds = spec.expirationSeconds ?? DEFAULT_SECONDS;
    const errors = expirationErrors(seconds);
    if (errors.length > 0) throw invalid({ group: GROUP, kind: 'TokenRequest' }, '', errors);
    const ref = spec.boundObjectRef ?? undefined;
    const bound = ref === undefined ? {} : boundTo(objects, namespace, name, ref);
    const now = clock.now();
    const extended =
      bound.pod !== undefined && seconds === EXTENDED_FROM_SECONDS && audiences.every((audience) => tokens.audiences.includes(audience));
    const token = tokens.issue({
      namespace,
      serviceAccount: { name, uid },
      ...bound,
      audiences,
      expirationSeconds: extended ? EXTENDED_TO_SECONDS : seconds,
      ...(extended && { warnAfterSeconds: seconds }),
    });
    const { managedFields } = object.metadata;
    return Promise.resolve({
      kind: 'TokenRequest',
      apiVersion: `${GROUP}/v1`,
      metadata: { name, namespace, uid, creationTimestamp: goTime(now), ...(managedFields && { managedFields }) },
      spec: { audiences, expirationSeconds: seconds, boundObjectRef: ref ?? null },
      status: { token, expirationTimestamp: goTime(now + seconds * 1000) },
    });
  };
}

function checkMetadata({ metadata }: KubeObject, namespace: string, name: string, uid: string): void {
  if ((metadata.name ?? '') !== '' && metadata.name !== name)
    throw badRequest(`the name in the token request (${metadata.name ?? ''}) does not match the name in the URL (${name})`);
  if ((metadata.namespace ?? '') !== '' && metadata.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  if ((metadata.uid ?? '') !== '' && metadata.uid !== uid)
    throw conflict(
      resources.serviceaccounts,
      name,
      `the UID in the token request (${metadata.uid ?? ''}) does not match the UID of the service account (${uid})`,
    );
}

function expirationErrors(seconds: number): FieldError[] {
  const field = 'spec.expirationSeconds';
  if (seconds < MIN_SECONDS) return [invalidValue(field, seconds, 'may not specify a duration less than 10 minutes')];
  if (seconds > MAX_SECONDS) return [invalidValue(field, seconds, 'may not specify a duration larger than 2^32 seconds')];
  return [];
}

function boundTo(objects: ObjectReader, namespace: string, account: string, ref: BoundRef): Bound {
  const { kind = '', apiVersion = '', name = '' } = ref;
  const [version = '', group = ''] = apiVersion.split('/', 2).toReversed();
  const checked = (uid: string): { name: string; uid: string } => {
    if ((ref.uid ?? '') !== '' && ref.uid !== uid)
      throw conflict(
        { group, resource: kind },
        name,
        `the UID in the bound object reference (${ref.uid ?? ''}) does not match the UID in record. The object might have been deleted and then recreated`,
      );
    return { name, uid };
  };
  if (group === '' && kind === 'Pod') {
    const pod = objects.get(resources.pods, namespace, name);
    if (pod === undefined) throw notFound(resources.pods, name);
    if (pod.spec.serviceAccountName !== account)
      throw badRequest(
        `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`,
      );
    const node = pod.spec.nodeName ?? '';
    // The claim is for information: a node without an object is named all the same.
    const nodeUid = objects.get(resources.nodes, '', node)?.metadata.uid ?? '';
    return { pod: checked(pod.metadata.uid), ...(node !== '' && { node: { name: node, uid: nodeUid } }) };
  }
  if (group === '' && kind === 'Node') {
    const node = objects.get(resources.nodes, '', name);
    if (node === undefined) throw notFound(resources.nodes, name);
    return { node: checked(node.metadata.uid) };
  }
  if (group === '' && kind === 'Secret') {
    const secret = objects.get(resources.secrets, namespace, name);
    if (secret === undefined) throw notFound(resources.secrets, name);
    return { secret: checked(secret.metadata.uid) };
  }
  throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`);
}
