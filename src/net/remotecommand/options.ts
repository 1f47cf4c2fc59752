import type { Clock } from '../../util/clock.ts';
import type { CommandIO } from './io.ts';
import type { Ending } from './ending.ts';

/** Which streams the conversation has, and its limits. The client's flags decide, not the streams that it opens. */
export interface CommandOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  /** Dropped when `tty` is set: a terminal's output is one stream. */
  readonly stderr: boolean;
  readonly tty: boolean;
  /** The command of an exec, for the texts of errors; absent for attach. */
  readonly command?: readonly string[];
  /** Default 4 h. */
  readonly idleTimeoutMs?: number;
  /** How long a SPDY client may take to open its streams. Default 30 s. */
  readonly creationTimeoutMs?: number;
  readonly clock?: Clock;
}

export const DEFAULT_IDLE_TIMEOUT = 4 * 3_600_000;
export const DEFAULT_CREATION_TIMEOUT = 30_000;

/** Runs the conversation's command and says how it ended. Never rejects. */
export type RunToEnd = (io: CommandIO) => Promise<Ending>;
