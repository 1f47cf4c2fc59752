/** An ordered map with text keys that starts to matter when lists are asked by prefix. */
export interface Collection<V> {
  readonly size: number;
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
  /** Values whose key starts with the prefix, in key order. */
  range(prefix: string): V[];
}

/** A map beside a sorted array of its keys: reads cost what they return, a new key costs one move of the array's tail. */
export function createCollection<V>(): Collection<V> {
  const values = new Map<string, V>();
  const keys: string[] = [];
  return {
    get size() {
      return values.size;
    },
    get: (key) => values.get(key),
    set(key, value) {
      if (!values.has(key)) keys.splice(lowerBound(keys, key), 0, key);
      values.set(key, value);
    },
    delete(key) {
      if (values.delete(key)) keys.splice(lowerBound(keys, key), 1);
    },
    range(prefix) {
      const found: V[] = [];
      for (let i = lowerBound(keys, prefix); i < keys.length; i += 1) {
        const key = keys[i];
        if (key === undefined || !key.startsWith(prefix)) break;
        const value = values.get(key);
        if (value !== undefined) found.push(value);
      }
      return found;
    },
  };
}

/** The first index whose key is not before the wanted one. */
function lowerBound(keys: readonly string[], wanted: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
