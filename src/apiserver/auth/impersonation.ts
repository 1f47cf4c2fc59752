/** Acting as another user, by request headers (apiserver `pkg/endpoints/filters/impersonation`). */
import { badRequest, type StatusError } from '../../api/status.ts';
import { AUTHENTICATED_GROUP, UNAUTHENTICATED_GROUP } from '../../auth/chain.ts';
import { parseServiceAccountUser, serviceAccountGroups } from '../../auth/service-account-claims.ts';
import { ANONYMOUS, type Attributes, type Authorizer, type ResourceAttributes, type UserInfo } from '../../auth/types.ts';
import { forbiddenRequest } from './authorization.ts';

/** Who the headers ask to be. */
export interface WantedUser {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

const EXTRA_PREFIX = 'impersonate-extra-';
const NODE_PREFIX = 'system:node:';
const GROUP = 'authentication.k8s.io';
const NODE_NAME_EXTRA = 'authentication.kubernetes.io/node-name';

/** Reads the headers (names and values in turn, as received); undefined without any. Throws 400 when a user name is missing. */
export function wantedUser(rawHeaders: readonly string[]): WantedUser | undefined {
  let name = '';
  let uid = '';
  const groups: string[] = [];
  const extra: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const header = (rawHeaders[i] ?? '').toLowerCase();
    const value = rawHeaders[i + 1] ?? '';
    if (header === 'impersonate-user') name ||= value;
    else if (header === 'impersonate-uid') uid ||= value;
    else if (header === 'impersonate-group') groups.push(value);
    else if (header.startsWith(EXTRA_PREFIX)) (extra[unescapeKey(header.slice(EXTRA_PREFIX.length))] ??= []).push(value);
  }
  if (name !== '') return { name, uid, groups, extra };
  if (uid === '' && groups.length === 0 && Object.keys(extra).length === 0) return undefined;
  throw badRequest(`requested ${goUser(uid, groups, extra)} without impersonating a user name`);
}

function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** Go's `%#v` of a user, as the error shows it. */
function goUser(uid: string, groups: readonly string[], extra: Readonly<Record<string, readonly string[]>>): string {
  const q = JSON.stringify;
  const list = (values: readonly string[]): string =>
    values.length === 0 ? '[]string(nil)' : `[]string{${values.map((v) => q(v)).join(', ')}}`;
  const keys = Object.keys(extra).sort();
  const map =
    keys.length === 0
      ? 'map[string][]string(nil)'
      : `map[string][]string{${keys.map((key) => `${q(key)}:${list(extra[key] ?? [])}`).join(', ')}}`;
  return `&user.DefaultInfo{Name:"", UID:${q(uid)}, Groups:${list(groups)}, Extra:${map}}`;
}

/** One thing that must be allowed: a user to ask about and the question's attributes. */
type Question = Attributes;

/**
 * The user that the request shall be from now on. Each mode of impersonation is tried, then the rights of old; throws
 * the 403 of the first that was refused.
 */
export async function impersonate(requester: UserInfo, wanted: WantedUser, request: Attributes, authorize: Authorizer): Promise<UserInfo> {
  let refusal: StatusError | undefined;
  for (const questions of [...constrainedModes(requester, wanted, request), legacyQuestions(requester, wanted)]) {
    const refused = await firstRefused(questions, authorize);
    if (refused === undefined) return userOf(wanted);
    refusal ??= refused;
  }
  throw refusal ?? forbiddenRequest(request);
}

async function firstRefused(questions: readonly Question[], authorize: Authorizer): Promise<StatusError | undefined> {
  for (const question of questions) {
    const decision = await authorize(question);
    if (decision.decision !== 'allow') return forbiddenRequest(question, decision.reason);
  }
  return undefined;
}

/** The modes that fit whom is wanted, each with what it must be allowed: acting so on this request, then the identity. */
function constrainedModes(requester: UserInfo, wanted: WantedUser, request: Attributes): Question[][] {
  const mode = (name: string, as: UserInfo, identities: readonly Partial<ResourceAttributes>[]): Question[] => [
    { ...request, user: as, verb: `impersonate-on:${name}:${request.verb}` },
    ...identities.map((identity) => question(as, `impersonate:${name}`, GROUP, identity)),
  ];
  const account = parseServiceAccountUser(wanted.name);
  const onlyName = wanted.uid === '' && wanted.groups.length === 0 && Object.keys(wanted.extra).length === 0;
  if (wanted.name.startsWith(NODE_PREFIX)) {
    if (!onlyName) return [];
    const node = wanted.name.slice(NODE_PREFIX.length);
    const arbitrary = mode('arbitrary-node', requester, [{ resource: 'nodes', name: node }]);
    const ownNode = requester.extra?.[NODE_NAME_EXTRA] ?? [];
    if (parseServiceAccountUser(requester.name) === undefined || ownNode.length !== 1 || ownNode[0] !== node) return [arbitrary];
    const keys = Object.keys(requester.extra ?? {}).sort();
    const bound: UserInfo = { ...requester, extra: { 'authentication.kubernetes.io/associated-node-keys': keys } };
    return [mode('associated-node', bound, [{ resource: 'nodes', name: '*' }]), arbitrary];
  }
  if (account !== undefined) return onlyName ? [mode('serviceaccount', requester, [{ resource: 'serviceaccounts', ...account }])] : [];
  if (wanted.groups.some((group) => group === '' || group === 'system:masters')) return [];
  return [
    mode('user-info', requester, [
      { resource: 'users', name: wanted.name },
      ...(wanted.uid === '' ? [] : [{ resource: 'uids', name: wanted.uid }]),
      ...wanted.groups.map((name) => ({ resource: 'groups', name })),
      ...extraQuestions(wanted),
    ]),
  ];
}

function legacyQuestions(requester: UserInfo, wanted: WantedUser): Question[] {
  const ask = (group: string, fields: Partial<ResourceAttributes>): Question => question(requester, 'impersonate', group, fields);
  const account = parseServiceAccountUser(wanted.name);
  return [
    account === undefined ? ask('', { resource: 'users', name: wanted.name }) : ask('', { resource: 'serviceaccounts', ...account }),
    ...wanted.groups.map((name) => ask('', { resource: 'groups', name })),
    ...extraQuestions(wanted).map((fields) => ask(GROUP, fields)),
    ...(wanted.uid === '' ? [] : [ask(GROUP, { resource: 'uids', name: wanted.uid })]),
  ];
}

function extraQuestions({ extra }: WantedUser): Partial<ResourceAttributes>[] {
  return Object.entries(extra).flatMap(([subresource, values]) => values.map((name) => ({ resource: 'userextras', subresource, name })));
}

function question(user: UserInfo, verb: string, group: string, fields: Partial<ResourceAttributes>): Question {
  return { kind: 'resource', user, verb, group, version: 'v1', namespace: '', resource: '', subresource: '', name: '', ...fields };
}

/** The wanted user with the groups that belong to it. */
function userOf({ name, uid, groups, extra }: WantedUser): UserInfo {
  const account = parseServiceAccountUser(name);
  const all = [...groups];
  if (groups.length === 0 && account !== undefined) all.push(...serviceAccountGroups(account.namespace));
  if (groups.length === 0 && name.startsWith(NODE_PREFIX)) all.push('system:nodes');
  const last = name === ANONYMOUS.name ? UNAUTHENTICATED_GROUP : AUTHENTICATED_GROUP;
  if (!all.includes(UNAUTHENTICATED_GROUP) && !all.includes(last)) all.push(last);
  return { name, ...(uid !== '' && { uid }), groups: all, ...(Object.keys(extra).length > 0 && { extra: { ...extra } }) };
}
