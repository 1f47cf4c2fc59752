import type { Selection } from '../resources/list-options.ts';
import type { View } from '../registry/views.ts';
import { makeEntry, type Entry, type StoreEvent } from '../store/entry.ts';

/** What a watcher with a selection sees of a change. */
export interface Seen {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly entry: Entry;
}

/**
 * Turns a change into what a selection makes of it: an object that comes to match is ADDED, one that ceases to is DELETED, in its
 * last matching state but with the revision of the change. Undefined when it matches neither before nor after.
 * (apiserver `pkg/storage/cacher/cache_watcher.go`)
 */
export function seenBy(selects: Selection, view: View, event: StoreEvent): Seen | undefined {
  const { type, entry, before } = event;
  if (selects.all) return { type, entry };
  const matches = (of: Entry | undefined): boolean => of !== undefined && selects.matches(view.object(of));
  if (type === 'DELETED') return matches(before) ? { type, entry } : undefined;
  if (matches(entry)) return { type: matches(before) ? 'MODIFIED' : 'ADDED', entry };
  if (before === undefined || !matches(before)) return undefined;
  return { type: 'DELETED', entry: makeEntry(before.key, event.revision, before.object) };
}
