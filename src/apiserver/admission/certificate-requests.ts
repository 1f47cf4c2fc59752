/**
 * Certificate requests say truly who made them, ask for nothing that nobody may have, and are approved and signed only by
 * those who may (registry `certificates/certificates/strategy.go`, plugins `certificates/{approval,signing,subjectrestriction}`).
 */
import { invalid, invalidValue, required, type FieldError } from '../../api/field-errors.ts';
import { resources } from '../../api/resources.ts';
import { forbidden } from '../../api/status.ts';
import { goTime } from '../../api/time.ts';
import type { KubeObject, Loose, ObjectOf } from '../../api/types.ts';
import type { Authorizer, UserInfo } from '../../auth/types.ts';
import { parseCertificateRequest } from '../../auth/x509/x509.ts';
import { errorText } from '../../util/log.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../endpoint.ts';

const requests = resources['certificatesigningrequests.certificates.k8s.io'];
type Request = ObjectOf<'certificates/v1.CertificateSigningRequest'>;
type Condition = NonNullable<NonNullable<Request['status']>['conditions']>[number];

const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';
const MASTERS = 'system:masters';
const MIN_SECONDS = 600;
/** Conditions that only `approval` may set. */
const DECISIONS: ReadonlySet<string> = new Set(['Approved', 'Denied']);

export interface CertificateAdmissionOptions {
  readonly authorize: Authorizer;
  readonly now: () => number;
}

export function certificateAdmission({ authorize, now }: CertificateAdmissionOptions): AdmissionPlugin {
  async function mustHave(verb: 'approve' | 'sign', request: AdmissionRequest, signerName: string): Promise<void> {
    const wildcard = `${signerName.slice(0, signerName.indexOf('/'))}/*`;
    for (const name of [signerName, wildcard]) {
      const { decision } = await authorize({
        kind: 'resource',
        user: request.user,
        verb,
        namespace: '',
        group: requests.group,
        version: '*',
        resource: 'signers',
        subresource: '',
        name,
      });
      if (decision === 'allow') return;
    }
    throw forbidden(requests, request.name, `user not permitted to ${verb} requests with signerName ${JSON.stringify(signerName)}`);
  }

  return async (request) => {
    if (request.resource !== requests || request.object === undefined) return;
    if (request.operation === 'create' && request.subresource === '') prepare(request.object, request.user);
    else if (request.operation === 'update' && request.before !== undefined) {
      const { object, before, subresource } = request as AdmissionRequest & { object: KubeObject; before: KubeObject };
      const present = before as unknown as Request;
      const wanted = object as unknown as Request;
      wanted.spec = present.spec;
      if (subresource === 'approval') await mustHave('approve', request, present.spec.signerName);
      else if (subresource === 'status') await mustHave('sign', request, present.spec.signerName);
      wanted.status = statusAfter(subresource, wanted, present);
      stamp(wanted, present, goTime(now()));
    }
  };
}

/** Fills in who asks; what the sender says of that does not count. Throws 422 and 403. */
function prepare(object: KubeObject, user: UserInfo): void {
  const request = object as unknown as Loose<Request>;
  if (request.spec === undefined) return;
  const { request: encoded = '', signerName = '', usages = [], expirationSeconds } = request.spec;
  request.spec = {
    request: encoded,
    signerName,
    ...(expirationSeconds !== undefined && { expirationSeconds }),
    ...(usages.length > 0 && { usages }),
    username: user.name,
    ...(user.uid !== undefined && user.uid !== '' && { uid: user.uid }),
    groups: [...user.groups],
    ...(user.extra !== undefined && { extra: Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]])) }),
  };
  request.status = {};
  const errors: FieldError[] = [];
  const organizations = organizationsOf(encoded, errors);
  if (usages.length === 0) errors.push(required('spec.usages'));
  if (signerName === '') errors.push(required('spec.signerName'));
  else if (!/^[^/]+\.[^/]+\/.+$/.test(signerName))
    errors.push(
      invalidValue('spec.signerName', signerName, "must be a fully qualified domain and path of the form 'example.com/signer-name'"),
    );
  if (expirationSeconds !== undefined && expirationSeconds < MIN_SECONDS)
    errors.push(invalidValue('spec.expirationSeconds', expirationSeconds, 'may not specify a duration less than 600 seconds (10 minutes)'));
  const name = object.metadata.name ?? '';
  if (errors.length > 0) throw invalid(requests, name, errors);
  if (signerName === CLIENT_SIGNER && organizations.includes(MASTERS))
    throw forbidden(requests, name, `use of ${CLIENT_SIGNER} signer with ${MASTERS} group is not allowed`);
}

function organizationsOf(encoded: string, errors: FieldError[]): readonly string[] {
  try {
    return parseCertificateRequest(Buffer.from(encoded, 'base64').toString('latin1')).subject.organizations;
  } catch (error) {
    errors.push(invalidValue('spec.request', encoded, errorText(error)));
    return [];
  }
}

/** Each subresource changes its own part: `approval` decides, `status` brings the certificate and its own conditions. */
function statusAfter(subresource: string, wanted: Request, before: Request): NonNullable<Request['status']> {
  const present = before.status ?? {};
  if (subresource === '') return present;
  const conditions = wanted.status?.conditions ?? [];
  if (subresource === 'approval') {
    const kept = (present.conditions ?? []).filter(({ type }) => !DECISIONS.has(type));
    return { ...present, conditions: [...conditions.filter(({ type }) => DECISIONS.has(type)), ...kept] };
  }
  const decided = (present.conditions ?? []).filter(({ type }) => DECISIONS.has(type));
  return { ...wanted.status, conditions: [...decided, ...conditions.filter(({ type }) => !DECISIONS.has(type))] };
}

function stamp(wanted: Request, before: Request, at: string): void {
  const conditions = wanted.status?.conditions;
  if (wanted.status === undefined || conditions === undefined) return;
  wanted.status.conditions = conditions.map((condition): Condition => {
    const known = before.status?.conditions?.find(({ type, status }) => type === condition.type && status === condition.status);
    return Object.assign(condition, {
      lastUpdateTime: condition.lastUpdateTime ?? at,
      lastTransitionTime: condition.lastTransitionTime ?? known?.lastTransitionTime ?? at,
    });
  });
}
