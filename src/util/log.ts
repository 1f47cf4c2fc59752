/**
 * Log lines in the form of klog (kubernetes/klog): `I0102 15:04:05.678901   1234 scope] "text" key="value"`.
 * Lines go to one sink; verbosity can change while the process runs.
 */
export interface Logger {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Written only at this verbosity or above. */
  v(level: number, message: string, fields?: LogFields): void;
  /** A logger whose lines name a part of the program. */
  scope(name: string): Logger;
}

/** Values that a line carries; errors are written by their message. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where the verbosity is kept, so that `/debug/flags/v` can change it. */
export interface Verbosity {
  level: number;
}

export interface LoggerOptions {
  readonly verbosity?: Verbosity;
  readonly write?: (line: string) => void;
  readonly now?: () => number;
}

/** Makes a logger. Without options it writes to stderr at verbosity 0. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const verbosity = options.verbosity ?? { level: 0 };
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const now = options.now ?? Date.now;
  const make = (scope: string): Logger => {
    const line = (severity: string, message: string, fields: LogFields = {}): void =>
      write(`${severity}${stamp(now())} ${String(process.pid).padStart(7)} ${scope}] ${JSON.stringify(message)}${format(fields)}\n`);
    return {
      info: (message, fields) => line('I', message, fields),
      warn: (message, fields) => line('W', message, fields),
      error: (message, fields) => line('E', message, fields),
      v: (level, message, fields) => {
        if (level <= verbosity.level) line('I', message, fields);
      },
      scope: (name) => make(name),
    };
  };
  return make('nodelet');
}

/** Drops every line; for tests that do not look at logs. */
export const silentLogger: Logger = createLogger({ write: () => undefined });

/** What an unknown thrown value says. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function stamp(ms: number): string {
  const d = new Date(ms);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(d.getMonth() + 1)}${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.${String(d.getMilliseconds()).padStart(3, '0')}000`;
}

function format(fields: LogFields): string {
  let text = '';
  for (const [key, value] of Object.entries(fields)) {
    const shown = value instanceof Error ? value.message : value;
    text += ` ${key}=${typeof shown === 'number' || typeof shown === 'boolean' ? String(shown) : JSON.stringify(shown)}`;
  }
  return text;
}
