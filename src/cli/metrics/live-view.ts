/** A table that renews itself on a terminal until it is left. */
import { errorText } from '../../util/log.ts';
import { usageTable } from './usage-table.ts';
import { sorted, type SortKey, type UsageRow, type What } from './usage.ts';

export interface LiveViewOptions {
  readonly what: What;
  readonly key: SortKey;
  readonly read: () => Promise<readonly UsageRow[]>;
  readonly intervalMs: number;
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const KEYS: Readonly<Record<string, SortKey>> = { c: 'cpu', m: 'memory', n: 'name' };
/** Of a terminal that does not tell. */
const UNKNOWN_SIZE = { columns: 80, rows: 24 };
const ESCAPE = '\u001b';
const QUIT = new Set(['q', 'Q', '\u0003', '\u0004', ESCAPE]);

/** Resolves when the user leaves; what cannot be read is told in the view, which goes on. */
export async function liveView({ what, key, read, intervalMs, input, output }: LiveViewOptions): Promise<void> {
  let rows: readonly UsageRow[] = [];
  let problem: string | undefined;
  let order = key;
  let at: Date | undefined;

  function draw(): void {
    const columns = output.columns || UNKNOWN_SIZE.columns;
    const height = output.rows || UNKNOWN_SIZE.rows;
    const title = `nodelet top ${what}   by ${order}   ${at?.toTimeString().slice(0, 8) ?? ''}   c cpu  m memory  n name  q quit`;
    const lines = [title, problem ?? '', ...usageTable(sorted(rows, order), what).trimEnd().split('\n')];
    const shown = lines.slice(0, Math.max(1, height - 1)).map((line) => line.slice(0, columns) + CLEAR_LINE);
    output.write(`${HOME}${shown.join('\r\n')}\r\n${CLEAR_BELOW}`);
  }

  async function renew(): Promise<void> {
    try {
      rows = await read();
      problem = undefined;
      at = new Date();
    } catch (error) {
      problem = errorText(error);
    }
    if (!left.signal.aborted) draw();
  }

  const left = new AbortController();
  const ended = new Promise<void>((resolve) => left.signal.addEventListener('abort', () => resolve()));
  const onKey = (data: Buffer): void => {
    for (const pressed of keysOf(data.toString())) {
      if (QUIT.has(pressed)) left.abort();
      order = KEYS[pressed] ?? order;
    }
    if (!left.signal.aborted) draw();
  };
  const stop = (): void => left.abort();
  output.write(ENTER);
  // What is no terminal has no keys, and its end is not the user's wish.
  if (input.isTTY) {
    input.setRawMode(true);
    input.on('data', onKey).on('end', stop);
  }
  process.once('SIGTERM', stop).once('SIGINT', stop);
  output.on('resize', draw);
  try {
    while (!left.signal.aborted) {
      await Promise.race([renew(), ended]);
      const waited = new AbortController();
      await Promise.race([ended, pause(intervalMs, waited.signal)]);
      waited.abort();
    }
  } finally {
    output.off('resize', draw);
    input.off('data', onKey).off('end', stop);
    process.off('SIGTERM', stop).off('SIGINT', stop);
    if (input.isTTY) input.setRawMode(false);
    input.pause();
    output.write(LEAVE);
  }
}

/** Keys, of which several may come at once. One without a letter of its own comes as a sequence behind an escape, and is none of ours. */
function keysOf(text: string): string[] {
  const [plain = '', ...escaped] = text.split(ESCAPE);
  const rest = escaped.flatMap((part) => (part === '' ? [ESCAPE] : Array.from(part.replace(/^(?:\[[\d;]*[A-Za-z~]|O?.)/, ''))));
  return [...Array.from(plain), ...rest];
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
