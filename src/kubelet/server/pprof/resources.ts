/** What keeps this process busy or alive, by kind: where a Go program shows its goroutines, Node has handles and requests. */
import type { Profile } from './encode.ts';

/** Counts by kind, most first. */
export function activeResources(): [kind: string, count: number][] {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}

export function resourcesProfile(timeMs: number): Profile {
  const samples = activeResources().map(([kind, count]) => ({ stack: [{ name: kind, file: 'node', line: 0 }], values: [count] }));
  return { valueTypes: [{ type: 'goroutine', unit: 'count' }], samples, timeMs, period: { type: 'goroutine', unit: 'count', value: 1 } };
}

/** The text form, `?debug=1`. */
export function resourcesText(): string {
  const resources = activeResources();
  const total = resources.reduce((sum, [, count]) => sum + count, 0);
  return `goroutine profile: total ${total}\n${resources.map(([kind, count]) => `${count} @\n#\t${kind}\n\n`).join('')}`;
}
