/** What may be stored of one object after a crash: what was acknowledged last, and what was on its way. */

/** The number that the object's data carries; null when there is no object. */
export type State = number | null;

export interface Model {
  /** A write begins that would leave the object like this. */
  readonly begin: (name: string, after: State) => void;
  readonly acknowledged: (name: string) => void;
  /** No answer came: it may have been done or not. */
  readonly unknown: (name: string) => void;
  readonly refused: (name: string) => void;
  readonly known: (name: string) => State;
  /** Compares with what is stored, and takes that for what is true from now on. What does not fit, in words. */
  readonly settle: (stored: ReadonlyMap<string, number>) => string[];
  readonly writes: () => number;
}

export function createModel(): Model {
  const last = new Map<string, State>();
  const pending = new Map<string, State>();
  const doubtful = new Map<string, Set<State>>();
  let writes = 0;
  return {
    begin: (name, after) => pending.set(name, after),
    acknowledged: (name) => {
      last.set(name, pending.get(name) ?? null);
      pending.delete(name);
      doubtful.delete(name);
      writes += 1;
    },
    unknown: (name) => {
      const possible = doubtful.get(name) ?? new Set();
      possible.add(pending.get(name) ?? null);
      doubtful.set(name, possible);
      pending.delete(name);
    },
    refused: (name) => pending.delete(name),
    known: (name) => last.get(name) ?? null,
    settle: (stored) => {
      const wrong: string[] = [];
      for (const name of new Set([...last.keys(), ...doubtful.keys(), ...stored.keys()])) {
        const is = stored.get(name) ?? null;
        const was = last.get(name) ?? null;
        if (is !== was && doubtful.get(name)?.has(is) !== true)
          wrong.push(`${name} is ${is ?? 'not there'}; acknowledged was ${was ?? 'that it is not there'}`);
        last.set(name, is);
      }
      doubtful.clear();
      return wrong;
    },
    writes: () => writes,
  };
}
