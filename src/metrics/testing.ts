/** Readers of the formats that Prometheus reads itself, for tests: what was written must come back. */
import { parseText, type ParsedFamily, type ParsedSample } from './parse-text.ts';

/** Fields of a protobuf message by number. */
export type Message = Map<number, (number | Buffer)[]>;

/** Messages, each behind its length. */
export function delimited(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const [length, next] = varint(bytes, at);
    found.push(bytes.subarray(next, next + length));
    at = next + length;
  }
  return found;
}

/** One message: varints, doubles, and what has a length. */
export function decode(bytes: Buffer): Message {
  const message: Message = new Map();
  for (let at = 0; at < bytes.length;) {
    const [key, start] = varint(bytes, at);
    let held: number | Buffer;
    if ((key & 7) === 0) [held, at] = varint(bytes, start);
    else if ((key & 7) === 1) [held, at] = [bytes.readDoubleLE(start), start + 8];
    else {
      const [length, from] = varint(bytes, start);
      [held, at] = [bytes.subarray(from, from + length), from + length];
    }
    const fields = message.get(key >> 3);
    if (fields) fields.push(held);
    else message.set(key >> 3, [held]);
  }
  return message;
}

function varint(bytes: Buffer, from: number): [value: number, next: number] {
  let found = 0;
  for (let at = from, scale = 1; ; at += 1, scale *= 128) {
    const byte = bytes[at] ?? 0;
    found += (byte & 127) * scale;
    if (byte < 128) return [found, at + 1];
  }
}

type Told = readonly [name: string, labels: ParsedSample['labels'], value: number, at: number | undefined];

/** Samples of a text of counters and gauges. */
export const toldByText = (families: readonly ParsedFamily[]): Told[] =>
  families.flatMap(({ samples }) => samples.map(({ name, labels, value, at }): Told => [name, labels, value === 0 ? 0 : value, at]));

const TIMED = / ([-+.\de]+|[-+]?Inf|NaN) (-?\d+)(?:\.(\d{1,3}))?$/;

/** The same of OpenMetrics: its lines are those of the text, but for the times in seconds and the words of its types. */
export function toldByOpenMetrics(text: string): Told[] {
  if (!text.endsWith('# EOF\n')) throw new Error('no end');
  const plain = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.replace(TIMED, (_, value: string, seconds: string, rest = '') => ` ${value} ${seconds}${rest.padEnd(3, '0')}`));
  return toldByText(parseText(plain.join('\n')));
}

/** The same of delimited messages. */
export function toldByMessages(bytes: Buffer): Told[] {
  return delimited(bytes).flatMap((family) => {
    const { 1: name, 4: metrics } = Object.fromEntries(decode(family)) as Record<number, Buffer[]>;
    return (metrics ?? []).map((metric): Told => {
      const fields = decode(metric);
      const labels = (fields.get(1) ?? []).map((pair) => {
        const { 1: label, 2: value } = Object.fromEntries(decode(pair as Buffer)) as Record<number, Buffer[]>;
        return [String(label?.[0] ?? ''), String(value?.[0] ?? '')] as const;
      });
      const held = [2, 3, 5].flatMap((kind) => fields.get(kind) ?? [])[0];
      const value = decode(held as Buffer).get(1)?.[0] as number | undefined;
      return [String(name?.[0]), labels, value === undefined || value === 0 ? 0 : value, fields.get(6)?.[0] as number | undefined];
    });
  });
}
