/** The strategic merge patch that turns one pod status into another (kubernetes `pkg/util/pod/pod.go`, PatchPodStatus). */
import type { PodStatus } from '../../api/types.ts';
import { isOwnedCondition } from './conditions.ts';

type Json = Readonly<Record<string, unknown>>;

/** The patch of `status`, or undefined when nothing differs. Conditions of others are never touched. */
export function statusPatch(before: PodStatus, after: PodStatus): Json | undefined {
  const patch: Record<string, unknown> = {};
  const from = before as Json;
  const to = after as Json;
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    if (key === 'conditions' || key === 'podIPs' || key === 'hostIPs') continue;
    if (same(from[key], to[key])) continue;
    const merged =
      to[key] === undefined ? null : key === 'resources' || key === 'allocatedResources' ? mergeMaps(from[key], to[key]) : to[key];
    patch[key] = merged;
  }
  Object.assign(patch, conditionsPatch(before, after), addressesPatch('podIPs', before, after), addressesPatch('hostIPs', before, after));
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function conditionsPatch(before: PodStatus, after: PodStatus): Json {
  const old = new Map((before.conditions ?? []).map((c) => [c.type, c]));
  const list = after.conditions ?? [];
  const changed: Json[] = [];
  for (const condition of list) {
    const known = old.get(condition.type);
    if (known && same(known, condition)) continue;
    if (known && !isOwnedCondition(condition.type)) continue;
    const gone = known ? Object.keys(known).filter((key) => !(key in condition)) : [];
    changed.push({ ...condition, ...Object.fromEntries(gone.map((key) => [key, null])) });
  }
  for (const type of old.keys()) if (isOwnedCondition(type) && !list.some((c) => c.type === type)) changed.push({ type, $patch: 'delete' });
  if (changed.length === 0) return {};
  return { conditions: changed, ...(list.length > 0 && { '$setElementOrder/conditions': list.map(({ type }) => ({ type })) }) };
}

function addressesPatch(key: 'podIPs' | 'hostIPs', before: PodStatus, after: PodStatus): Json {
  const from = (before[key] ?? []).map((a) => a.ip ?? '');
  const to = (after[key] ?? []).map((a) => a.ip ?? '');
  if (same(from, to)) return {};
  const stale = from.filter((ip) => !to.includes(ip)).map((ip) => ({ ip, $patch: 'delete' }));
  return {
    [key]: [...to.map((ip) => ({ ip })), ...stale],
    ...(to.length > 0 && { [`$setElementOrder/${key}`]: to.map((ip) => ({ ip })) }),
  };
}

/** Nested maps merge on the server: what is gone must be named. */
function mergeMaps(before: unknown, after: unknown): unknown {
  if (!isMap(before) || !isMap(after)) return after;
  const merged: Record<string, unknown> = {};
  for (const key of Object.keys(before)) if (!(key in after)) merged[key] = null;
  for (const [key, value] of Object.entries(after)) merged[key] = mergeMaps(before[key], value);
  return merged;
}

const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Deep equality of JSON values; null and absence are the same, as are key orders. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b || ((a ?? undefined) === undefined && (b ?? undefined) === undefined)) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => same(item, b[i]));
  if (!isMap(a) || !isMap(b)) return false;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) if (!same(a[key], b[key])) return false;
  return true;
}
