/** Texts of kernel files as numbers. Whatever is not what the kernel writes (torn, empty, not a number) is undefined, never a guess. */

/** One number on its own; `max` is Infinity. */
export function parseNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const word = text.trimEnd();
  if (word === 'max') return Infinity;
  return /^-?\d{1,20}$/.test(word) ? Number(word) : undefined;
}

/** Lines of `key number`. A line that is not of that form is passed over; so is a last line without its end. */
export function parseKeyed(text: string | undefined): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  if (text === undefined) return found;
  for (let start = 0, end = text.indexOf('\n'); end >= 0; start = end + 1, end = text.indexOf('\n', start)) {
    const space = text.indexOf(' ', start);
    if (space <= start || space > end) continue;
    const value = digits(text, space + 1, end);
    if (value !== undefined) found.set(text.slice(start, space), value);
  }
  return found;
}

/** The number behind one key, in a text of many keys of which few are wanted. */
export function keyedNumber(text: string, key: string): number | undefined {
  let at = 0;
  if (!text.startsWith(`${key} `)) {
    at = text.indexOf(`\n${key} `) + 1;
    if (at === 0) return undefined;
  }
  const end = text.indexOf('\n', at);
  return end < 0 ? undefined : digits(text, at + key.length + 1, end);
}

function digits(text: string, from: number, to: number): number | undefined {
  if (to <= from || to - from > 20) return undefined;
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

/** One line of a `*.pressure` file: averages in percent, total in microseconds. */
export interface PressureLine {
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  readonly total: number;
}

export interface Pressure {
  readonly some: PressureLine;
  readonly full: PressureLine;
}

const NO_PRESSURE: PressureLine = { avg10: 0, avg60: 0, avg300: 0, total: 0 };

/** A pressure file. Kernels before 5.13 have no `full` line for the CPU: it is then 0, as its meaning is. */
export function parsePressure(text: string | undefined): Pressure | undefined {
  if (text === undefined) return undefined;
  const some = pressureLine(text, 'some');
  return some && { some, full: pressureLine(text, 'full') ?? NO_PRESSURE };
}

const AVERAGE = /^\d+\.\d+$/;

/** `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`. Nothing is slow any more for most groups: their lines are told apart without looking closer. */
function pressureLine(text: string, kind: string): PressureLine | undefined {
  const start = text.startsWith(kind) ? 0 : text.indexOf(`\n${kind} `) + 1;
  if (start === 0 && !text.startsWith(kind)) return undefined;
  const end = text.indexOf('\n', start);
  const fields = text.slice(start, end < 0 ? text.length : end).split(' ');
  const of = (at: number, name: string): string => {
    const field = fields[at] ?? '';
    return field.startsWith(name) ? field.slice(name.length) : '';
  };
  const [avg10, avg60, avg300, total] = [of(1, 'avg10='), of(2, 'avg60='), of(3, 'avg300='), of(4, 'total=')];
  if (fields.length !== 5 || fields[0] !== kind || ![avg10, avg60, avg300].every((average) => AVERAGE.test(average))) return undefined;
  const sum = digits(total, 0, total.length);
  return sum === undefined ? undefined : { avg10: Number(avg10), avg60: Number(avg60), avg300: Number(avg300), total: sum };
}

/** What went to and from one block device. */
export interface DeviceIo {
  readonly major: number;
  readonly minor: number;
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly reads: number;
  readonly writes: number;
}

/** cgroup v2 `io.stat`: `8:0 rbytes=1 wbytes=2 rios=3 wios=4 …`. Each device once, as series must be. */
export function parseIoStat(text: string | undefined): DeviceIo[] {
  const devices = new Map<string, DeviceIo>();
  for (const line of (text ?? '').split('\n')) {
    const [device = '', ...pairs] = line.split(' ');
    const [, major, minor] = /^(\d{1,10}):(\d{1,10})$/.exec(device) ?? [];
    if (major === undefined || minor === undefined || pairs.length === 0) continue;
    const values = new Map(
      pairs.map((pair) => pair.split('=')).map(([key = '', value]): [string, number | undefined] => [key, parseNumber(value)]),
    );
    const of = (key: string): number => values.get(key) ?? 0;
    devices.set(`${Number(major)}:${Number(minor)}`, {
      major: Number(major),
      minor: Number(minor),
      readBytes: of('rbytes'),
      writeBytes: of('wbytes'),
      reads: of('rios'),
      writes: of('wios'),
    });
  }
  return [...devices.values()];
}

/** cgroup v1 `blkio.*`: lines of `8:0 Read 123`; the line `Total 456` is the sum. By `major:minor`. */
export function parseBlkio(text: string | undefined): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const devices = new Map<string, Map<string, number>>();
  for (const line of (text ?? '').split('\n')) {
    const [whole, device = '', operation = '', value] = /^(\d{1,10}:\d{1,10}) ([A-Z][a-z]+) (\d{1,20})$/.exec(line) ?? [];
    if (whole === undefined) continue;
    const operations = devices.get(device) ?? new Map<string, number>();
    devices.set(device, operations.set(operation, Number(value)));
  }
  return devices;
}

/** The pids of `cgroup.procs`, each once. */
export function parsePids(text: string | undefined): number[] {
  if (text === undefined || text === '') return [];
  const pids = new Set<number>();
  for (const line of text.split('\n')) if (/^[1-9]\d{0,9}$/.test(line)) pids.add(Number(line));
  return [...pids];
}

/** Counters of one network interface, from `/proc/PID/net/dev`. */
export interface InterfaceStats {
  readonly name: string;
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxErrors: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txDropped: number;
}

/** Interfaces that the original passes over (cAdvisor `isIgnoredDevice`), and the pods' ends on the bridge, which it knows as `veth…`. */
const IGNORED = /^(lo|veth|docker|nerdctl)|^nl[0-9a-f]{12}$/i;

/** The interfaces in the file's order, each once. */
export function parseNetDev(text: string | undefined): InterfaceStats[] {
  const found = new Map<string, InterfaceStats>();
  for (const line of (text ?? '').split('\n').slice(2)) {
    const colon = line.lastIndexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim();
    const fields = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/);
    if (name === '' || fields.length !== 16 || IGNORED.test(name) || !fields.every((field) => /^\d{1,20}$/.test(field))) continue;
    const [rxBytes = 0, rxPackets = 0, rxErrors = 0, rxDropped = 0, , , , , txBytes = 0, txPackets = 0, txErrors = 0, txDropped = 0] =
      fields.map(Number);
    found.set(name, { name, rxBytes, rxPackets, rxErrors, rxDropped, txBytes, txPackets, txErrors, txDropped });
  }
  return [...found.values()];
}
