import { RuntimeError } from '../runtime.ts';

/** Who a process runs as. */
export interface UserIds {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly home: string;
}

export interface UserRequest {
  readonly uid?: number;
  readonly username?: string;
  readonly gid?: number;
  readonly supplementalGroups: readonly number[];
  /** `Strict`: the groups that the image's /etc/group gives are left out. */
  readonly policy: 'Merge' | 'Strict';
  /** `USER` of the image: `user`, `uid`, `user:group`, `uid:gid`; used when the request names none. */
  readonly imageUser: string;
}

/**
 * Settles a user against the image's own /etc/passwd and /etc/group, as runc's `user.GetExecUser` does.
 * Throws `unknown` for a name that the image does not have.
 */
export function resolveUser(request: UserRequest, passwd: string, group: string): UserIds {
  const [imageName = '', imageGroup = ''] = request.imageUser.split(':', 2);
  const wanted = request.uid !== undefined ? String(request.uid) : (request.username ?? imageName);
  const users = parsePasswd(passwd);
  const groups = parseGroup(group);
  const entry = users.find((user) => (/^\d+$/.test(wanted) ? user.uid === Number(wanted) : user.name === (wanted || 'root')));
  if (!entry && !/^\d*$/.test(wanted))
    throw new RuntimeError('unknown', `unable to find user ${wanted}: no matching entries in passwd file`);
  const uid = entry?.uid ?? Number(wanted || 0);
  const gid =
    request.gid ??
    (request.uid === undefined && request.username === undefined && imageGroup ? groupId(imageGroup, groups) : (entry?.gid ?? 0));
  const fromImage =
    request.policy === 'Merge' && entry
      ? groups.filter((candidate) => candidate.members.includes(entry.name)).map((candidate) => candidate.gid)
      : [];
  return { uid, gid, groups: [...new Set([gid, ...fromImage, ...request.supplementalGroups])], home: entry?.home || '/' };
}

/** Arguments that make `setpriv` become this user. */
export function userArguments(user: UserIds): string[] {
  return ['--reuid', String(user.uid), '--regid', String(user.gid), '--groups', user.groups.join(',')];
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

function parsePasswd(text: string): PasswdEntry[] {
  return records(text).flatMap(([name = '', , uid = '', gid = '', , home = '']) =>
    name && isId(uid) && isId(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home }] : [],
  );
}

function parseGroup(text: string): GroupEntry[] {
  return records(text).flatMap(([name = '', , gid = '', members = '']) =>
    name && isId(gid) ? [{ name, gid: Number(gid), members: members.split(',').filter(Boolean) }] : [],
  );
}

function groupId(text: string, groups: readonly GroupEntry[]): number {
  if (isId(text)) return Number(text);
  const found = groups.find((candidate) => candidate.name === text);
  if (!found) throw new RuntimeError('unknown', `unable to find group ${text}: no matching entries in group file`);
  return found.gid;
}

function records(text: string): string[][] {
  return text.split('\n').map((line) => line.trim().split(':'));
}

function isId(text: string): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) <= 0xffff_ffff;
}
