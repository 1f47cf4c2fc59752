import { watch } from 'node:fs';

/**
 * Calls the listener with the name of each entry of a directory that is made, changed or removed (null when the system does
 * not say which). A hint, not a promise: it may be late, doubled or, at the system's limit of watches, never come, so callers
 * also look on a timer. Does not keep the process alive.
 */
export function watchDirectory(directory: string, onChange: (name: string | null) => void): { close(): void } {
  try {
    const watcher = watch(directory, { persistent: false }, (_event, name) => onChange(name));
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return { close: () => undefined };
  }
}
