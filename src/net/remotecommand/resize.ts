import type { TerminalSize } from './io.ts';

/** Bytes of one message that may be unfinished. */
const MAX_PENDING = 4096;
const MAX_CELLS = 65_535;

export interface Resizes {
  /** Takes what came on the resize stream: JSON objects one after the other. The first broken one ends resizing, silently. */
  push(chunk: Buffer): void;
  /** Calls the listener for each size, beginning with the last one that came. */
  onResize(listener: (size: TerminalSize) => void): void;
}

export function createResizes(): Resizes {
  const listeners: ((size: TerminalSize) => void)[] = [];
  let last: TerminalSize | null = null;
  let pending: string | null = '';
  const take = (text: string): void => {
    const size = parseSize(text);
    if (size === null) {
      pending = null;
      return;
    }
    // A terminal without width or height is not one: the runtime ignores it.
    if (size.width < 1 || size.height < 1) return;
    last = size;
    for (const listener of listeners) listener(size);
  };
  return {
    push: (chunk) => {
      if (pending === null) return;
      pending += chunk.toString('latin1');
      for (let end = pending.indexOf('}'); pending !== null && end !== -1; end = pending?.indexOf('}') ?? -1) {
        const text: string = pending.slice(0, end + 1);
        pending = pending.slice(end + 1);
        take(text);
      }
      if (pending !== null && (pending.length > MAX_PENDING || /^\s*[^\s{]/.test(pending))) pending = null;
    },
    onResize: (listener) => {
      listeners.push(listener);
      if (last !== null) listener(last);
    },
  };
}

/** Reads `{"Width":80,"Height":24}`; names in any case, as Go reads them. The object is flat, so its first brace ends it. */
function parseSize(text: string): TerminalSize | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    const cells: Record<string, number> = { width: 0, height: 0 };
    for (const [name, count] of Object.entries(value)) {
      const key = name.toLowerCase();
      if (key !== 'width' && key !== 'height') continue;
      if (typeof count !== 'number' || !Number.isInteger(count) || count < 0 || count > MAX_CELLS) return null;
      cells[key] = count;
    }
    return { width: cells['width'] ?? 0, height: cells['height'] ?? 0 };
  } catch {
    return null;
  }
}
