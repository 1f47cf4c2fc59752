/** Images that were just asked for: a hundred pods that start at once ask for the same few. */
import type { Clock } from '../../util/clock.ts';
import type { Image } from '../runtime.ts';

export interface ImageMemory {
  get(reference: string): Promise<Image | null>;
  /** Images have changed. */
  clear(): void;
}

/** Somebody else may remove an image: nobody is told of one that is gone for longer than this. */
const HOLDS_MS = 2000;
const MAX_IMAGES = 256;

/** `ask` is shared by those who want the same image at the same time. What is not there is not remembered, nor is an error. */
export function createImageMemory(clock: Clock, ask: (reference: string) => Promise<Image | null>): ImageMemory {
  const asked = new Map<string, { readonly at: number; readonly answer: Promise<Image | null> }>();

  return {
    get(reference) {
      const known = asked.get(reference);
      if (known && clock.monotonic() - known.at < HOLDS_MS) return known.answer;
      if (asked.size >= MAX_IMAGES) asked.clear();
      const entry = { at: clock.monotonic(), answer: ask(reference) };
      asked.set(reference, entry);
      const drop = (): void => {
        if (asked.get(reference) === entry) asked.delete(reference);
      };
      entry.answer.then((image) => image ?? drop(), drop);
      return entry.answer;
    },
    clear: () => asked.clear(),
  };
}
