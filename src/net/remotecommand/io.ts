import type { Readable, Writable } from 'node:stream';

/** Size of a terminal in character cells. */
export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

/** The near ends of an exec or attach conversation; null where the client did not ask for the stream. */
export interface CommandIO {
  readonly stdin: Readable | null;
  readonly stdout: Writable | null;
  /** Always null with a terminal: its output is one stream. */
  readonly stderr: Writable | null;
  /** Calls the listener for each resize that arrives, beginning with the last one. */
  readonly onResize: (listener: (size: TerminalSize) => void) => void;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
}

/** How a command ended: its exit code, or why it did not run to an end. */
export type CommandResult = { readonly kind: 'exited'; readonly code: number } | { readonly kind: 'failed'; readonly message: string };
