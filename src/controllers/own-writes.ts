/** What a controller has written itself, until its watch shows it: it must not write a second time what it has just written. */

interface Versioned {
  readonly metadata: { readonly namespace?: string; readonly name: string; readonly resourceVersion: string };
}

export interface OwnWrites<T> {
  /** Notes the server's answer to a write. */
  wrote(object: T): void;
  /** To be told of every event of the watch. */
  saw(object: T): void;
  /** Forgets a write of which the server now says something else. */
  forget(object: { readonly metadata: { readonly namespace?: string; readonly name?: string } }): void;
  /** The newest known, by `namespace/name`. */
  get(key: string): T | undefined;
  /** The newest known of all. */
  all(): T[];
}

/** Over the items of an informer, which may be behind. */
export function ownWrites<T extends Versioned>(items: () => ReadonlyMap<string, T>): OwnWrites<T> {
  const ahead = new Map<string, T>();
  return {
    wrote: (object) => {
      const seen = items().get(keyOf(object));
      if (seen === undefined || versionOf(seen) < versionOf(object)) ahead.set(keyOf(object), object);
    },
    saw: (object) => {
      const own = ahead.get(keyOf(object));
      if (own !== undefined && versionOf(object) >= versionOf(own)) ahead.delete(keyOf(object));
    },
    forget: (object) => void ahead.delete(keyOf(object)),
    get: (key) => ahead.get(key) ?? items().get(key),
    all: () => [...[...items()].filter(([key]) => !ahead.has(key)).map(([, item]) => item), ...ahead.values()],
  };
}

function keyOf({ metadata }: { readonly metadata: { readonly namespace?: string; readonly name?: string } }): string {
  return `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
}

/** Versions are numbers that grow, of any length. */
const versionOf = ({ metadata }: Versioned): bigint => BigInt(metadata.resourceVersion);
