/** The reviews of authorization.k8s.io: may this user do that? (kubernetes `pkg/registry/authorization`) */
import { type FieldError, invalid, invalidValue } from '../../api/field-errors.ts';
import { badRequest } from '../../api/status.ts';
import type {
  ObjectMeta,
  ObjectOf,
  PolicyRule,
  SelfSubjectAccessReview,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
} from '../../api/types.ts';
import { aggregateText } from '../../auth/chain.ts';
import type { Attributes, Authorizer, UserInfo } from '../../auth/types.ts';
import type { CreateHandler } from '../endpoint.ts';
import type { ApiAuthorization } from './authorization.ts';
import { nodeNameOf } from './node-authorizer.ts';

const GROUP = 'authorization.k8s.io';
type SelfSubjectRulesReview = ObjectOf<'authorization/v1.SelfSubjectRulesReview'>;
type Status = NonNullable<SubjectAccessReview['status']>;
type Asked = Pick<SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>;

/** Handlers by qualified resource. */
export function accessReviews({ authorize, rulesFor }: Pick<ApiAuthorization, 'authorize' | 'rulesFor'>): Record<string, CreateHandler> {
  return {
    [`subjectaccessreviews.${GROUP}`]: async (_request, object) => {
      const review = object as unknown as SubjectAccessReview;
      refuse([...accessErrors(review.spec), ...subjectErrors(review.spec), ...metadataErrors(object.metadata)]);
      return { ...object, status: await decide(authorize, review.spec, subjectOf(review.spec)) };
    },
    [`localsubjectaccessreviews.${GROUP}`]: async ({ info }, object) => {
      const metadata = { ...object.metadata, namespace: object.metadata.namespace ?? info.namespace };
      const review = { ...object, metadata } as unknown as SubjectAccessReview;
      const { spec } = review;
      refuse([
        ...accessErrors(spec),
        ...subjectErrors(spec),
        ...metadataErrors(metadata, true),
        ...namespaceErrors(spec, metadata.namespace),
      ]);
      if (spec.resourceAttributes?.namespace !== info.namespace)
        throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${info.namespace}`);
      return { ...review, status: await decide(authorize, spec, subjectOf(spec)) };
    },
    [`selfsubjectaccessreviews.${GROUP}`]: async ({ user }, object) => {
      const { spec } = object as unknown as SelfSubjectAccessReview;
      refuse([...accessErrors(spec), ...metadataErrors(object.metadata)]);
      return { ...object, status: await decide(authorize, spec, user) };
    },
    [`selfsubjectrulesreviews.${GROUP}`]: ({ user }, object) => {
      const namespace = (object as unknown as SelfSubjectRulesReview).spec?.namespace ?? '';
      if (namespace === '') return Promise.reject(badRequest('no namespace on request'));
      const { kind, apiVersion } = object;
      return Promise.resolve({ kind, apiVersion, metadata: {}, spec: {}, status: rulesStatus(user, rulesFor(user, namespace)) });
    },
  };
}

function refuse(errors: readonly FieldError[]): void {
  // The original names no kind here.
  if (errors.length > 0) throw invalid({ group: GROUP, kind: '' }, '', errors);
}

function accessErrors(spec: Asked | undefined): FieldError[] {
  const { resourceAttributes, nonResourceAttributes } = spec ?? {};
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    const shown = goNonResource(nonResourceAttributes);
    return [invalidValue('spec.nonResourceAttributes', shown, 'cannot be specified in combination with resourceAttributes')];
  }
  if (resourceAttributes !== undefined || nonResourceAttributes !== undefined) return [];
  return [invalidValue('spec.resourceAttributes', null, 'exactly one of nonResourceAttributes or resourceAttributes must be specified')];
}

const goNonResource = ({ path = '', verb = '' }: NonNullable<Asked['nonResourceAttributes']>): unknown => ({ Path: path, Verb: verb });

function subjectErrors({ user = '', groups = [] }: SubjectAccessReviewSpec): FieldError[] {
  return user === '' && groups.length === 0 ? [invalidValue('spec.user', '', 'at least one of user or group must be specified')] : [];
}

function metadataErrors(metadata: ObjectMeta, local = false): FieldError[] {
  const { managedFields: _managed, namespace, ...rest } = metadata;
  const set = Object.entries(local ? rest : { ...rest, namespace }).filter(
    ([, value]) => value !== undefined && value !== null && value !== '',
  );
  const detail = local ? 'must be empty except for namespace' : 'must be empty';
  return set.length === 0 ? [] : [invalidValue('metadata', Object.fromEntries(set), detail)];
}

function namespaceErrors(spec: SubjectAccessReviewSpec, namespace: string): FieldError[] {
  const errors: FieldError[] = [];
  const asked = spec.resourceAttributes?.namespace ?? '';
  if (spec.resourceAttributes !== undefined && asked !== namespace)
    errors.push(invalidValue('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace'));
  if (spec.nonResourceAttributes !== undefined)
    errors.push(
      invalidValue('spec.nonResourceAttributes', goNonResource(spec.nonResourceAttributes), 'disallowed on this kind of request'),
    );
  return errors;
}

function subjectOf({ user = '', groups = [], extra, uid }: SubjectAccessReviewSpec): UserInfo {
  return { name: user, ...(uid !== undefined && uid !== '' && { uid }), groups, ...(extra && { extra }) };
}

async function decide(authorize: Authorizer, spec: Asked, user: UserInfo): Promise<Status> {
  const decision = await authorize(attributesOf(spec, user));
  const { reason } = decision;
  const error = decision.decision === 'allow' ? undefined : decision.error;
  return {
    allowed: decision.decision === 'allow',
    ...(decision.decision === 'deny' && { denied: true }),
    ...(reason !== '' && { reason }),
    ...(error !== undefined && { evaluationError: error }),
  };
}

function attributesOf({ resourceAttributes, nonResourceAttributes }: Asked, user: UserInfo): Attributes {
  if (resourceAttributes === undefined)
    return { kind: 'nonResource', user, verb: nonResourceAttributes?.verb ?? '', path: nonResourceAttributes?.path ?? '' };
  const { verb = '', namespace = '', group = '', version = '*', resource = '', subresource = '', name = '' } = resourceAttributes;
  const nodeName = resourceAttributes.fieldSelector?.requirements?.find(
    ({ key, operator, values }) => key === 'spec.nodeName' && operator === 'In' && values?.length === 1,
  );
  const fieldSelector =
    nodeName === undefined ? resourceAttributes.fieldSelector?.rawSelector : `spec.nodeName=${nodeName.values?.[0] ?? ''}`;
  return {
    kind: 'resource',
    user,
    verb,
    namespace,
    group,
    version,
    resource,
    subresource,
    name,
    ...(fieldSelector !== undefined && { fieldSelector }),
  };
}

function rulesStatus(
  user: UserInfo,
  { rules, errors }: ReturnType<ApiAuthorization['rulesFor']>,
): NonNullable<SelfSubjectRulesReview['status']> {
  const isNode = nodeNameOf(user) !== undefined;
  const problems = [...(isNode ? ['node authorizer does not support user rule resolution'] : []), ...errors];
  return {
    resourceRules: rules.filter((rule) => (rule.resources ?? []).length > 0).map(resourceRule),
    nonResourceRules: rules.filter((rule) => (rule.nonResourceURLs ?? []).length > 0).map(nonResourceRule),
    incomplete: isNode,
    ...(problems.length > 0 && { evaluationError: aggregateText(problems) }),
  };
}

function resourceRule({ verbs, apiGroups, resources, resourceNames }: PolicyRule): PolicyRule {
  return { verbs, ...(apiGroups && { apiGroups }), ...(resources && { resources }), ...(resourceNames && { resourceNames }) };
}

function nonResourceRule({ verbs, nonResourceURLs }: PolicyRule): PolicyRule {
  return { verbs, ...(nonResourceURLs && { nonResourceURLs }) };
}
