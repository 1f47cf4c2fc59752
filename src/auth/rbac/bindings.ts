/** Which bindings speak of a user: an index by subject over the bindings of the cluster and of each namespace. */
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject } from '../../api/types.ts';
import type { UserInfo } from '../types.ts';

/** Where roles and bindings come from: always current, never waiting. */
export interface RbacReader {
  clusterRole(name: string): ClusterRole | undefined;
  role(namespace: string, name: string): Role | undefined;
  clusterRoleBindings(): readonly ClusterRoleBinding[];
  roleBindings(namespace: string): readonly RoleBinding[];
  /** A value that is another one after any binding has changed. */
  revision(): number;
}

/** A binding that applies to a user, and the subject of it that does. */
export interface Grant {
  readonly kind: 'ClusterRoleBinding' | 'RoleBinding';
  readonly name: string;
  /** Empty for a ClusterRoleBinding. */
  readonly namespace: string;
  readonly roleRef: RoleRef;
  readonly subject: Subject;
}

/** A grant at its place in the order of bindings and subjects. */
interface Placed {
  readonly place: number;
  readonly grant: Grant;
}
type SubjectIndex = ReadonlyMap<string, readonly Placed[]>;

/** Namespaces whose index is kept. */
const MAX_INDEXED_NAMESPACES = 1024;

/** Finds grants: those of the cluster first, then the namespace's; each in the order of their bindings. */
export type GrantFinder = (user: UserInfo, namespace: string) => Grant[];

/** Makes a finder that builds its index anew when the bindings have changed. */
export function grantFinder(reader: RbacReader): GrantFinder {
  let revision: number | undefined;
  let cluster: SubjectIndex | undefined;
  const namespaces = new Map<string, SubjectIndex>();
  const indexOf = (namespace: string): SubjectIndex => {
    if (namespace === '') return (cluster ??= indexed('ClusterRoleBinding', reader.clusterRoleBindings()));
    let index = namespaces.get(namespace);
    if (index === undefined) {
      if (namespaces.size >= MAX_INDEXED_NAMESPACES) namespaces.clear();
      index = indexed('RoleBinding', reader.roleBindings(namespace));
      namespaces.set(namespace, index);
    }
    return index;
  };
  return (user, namespace) => {
    const current = reader.revision();
    if (current !== revision) {
      revision = current;
      cluster = undefined;
      namespaces.clear();
    }
    const grants = grantsIn(indexOf(''), user);
    return namespace === '' ? grants : [...grants, ...grantsIn(indexOf(namespace), user)];
  };
}

function grantsIn(index: SubjectIndex, user: UserInfo): Grant[] {
  const found = [...(index.get(`User/${user.name}`) ?? [])];
  for (const group of user.groups) found.push(...(index.get(`Group/${group}`) ?? []));
  const seen = new Set<string>();
  // A binding with several subjects that fit counts once, by the first of them.
  return found
    .sort((a, b) => a.place - b.place)
    .map(({ grant }) => grant)
    .filter(({ kind, namespace, name }) => {
      const key = `${kind}/${namespace}/${name}`;
      return !seen.has(key) && Boolean(seen.add(key));
    });
}

function indexed(kind: Grant['kind'], bindings: readonly (ClusterRoleBinding | RoleBinding)[]): SubjectIndex {
  const index = new Map<string, Placed[]>();
  let place = 0;
  for (const { metadata, roleRef, subjects } of bindings)
    for (const subject of subjects ?? []) {
      const namespace = metadata.namespace ?? '';
      const key = subjectKey(subject, namespace);
      if (key === undefined) continue;
      const list = index.get(key) ?? [];
      list.push({ place: place++, grant: { kind, name: metadata.name ?? '', namespace, roleRef, subject } });
      index.set(key, list);
    }
  return index;
}

/** A ServiceAccount is the user of its name; without a namespace the binding's own counts, and a cluster's binding has none. */
function subjectKey(subject: Subject, bindingNamespace: string): string | undefined {
  if (subject.kind === 'User' || subject.kind === 'Group') return `${subject.kind}/${subject.name}`;
  const namespace = (subject.namespace ?? '') === '' ? bindingNamespace : subject.namespace;
  if (subject.kind !== 'ServiceAccount' || namespace === undefined || namespace === '') return undefined;
  return `User/system:serviceaccount:${namespace}:${subject.name}`;
}

/** The rules of the role that a binding refers to; undefined when it is not there. */
export function rulesOf(
  reader: Pick<RbacReader, 'clusterRole' | 'role'>,
  roleRef: RoleRef,
  namespace: string,
): readonly PolicyRule[] | undefined {
  const role = roleRef.kind === 'ClusterRole' ? reader.clusterRole(roleRef.name) : reader.role(namespace, roleRef.name);
  return role && (role.rules ?? []);
}

/** What is said of a role that is not there. */
export function missingRoleText(roleRef: RoleRef): string {
  return `${roleRef.kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(roleRef.name)} not found`;
}
