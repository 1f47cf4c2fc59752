import { timeOrUndefined } from '../../../api/time.ts';

/** The query of `/containerLogs` (kubernetes core/v1 `PodLogOptions`, `pkg/apis/core/validation`). */
export interface LogOptions {
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  /** Lines older than this are left out; milliseconds since 1970. */
  readonly sinceMs: number | undefined;
  readonly tailLines: number | undefined;
  readonly limitBytes: number | undefined;
  readonly stream: 'All' | 'Stdout' | 'Stderr';
}

/** The options, or the answer to a query that has none. */
export type ParsedLogOptions =
  | { readonly kind: 'options'; readonly options: LogOptions }
  | { readonly kind: 'refused'; readonly status: 400 | 422; readonly message: string };

const UNDECODABLE: ParsedLogOptions = { kind: 'refused', status: 400, message: '{"message": "Unable to decode query."}' };
const INVALID: ParsedLogOptions = { kind: 'refused', status: 422, message: '{"message": "Invalid request."}' };
const MAX_INT64 = (1n << 63n) - 1n;

/** Reads the query; only the first value of a repeated key counts, unknown keys are ignored. */
export function parseLogOptions(query: URLSearchParams, nowMs: number): ParsedLogOptions {
  const tail = query.get('tail') ?? '';
  const tailText = tail === '' ? query.get('tailLines') : tail === 'all' ? null : tail;
  const numbers = [tailText, query.get('limitBytes'), query.get('sinceSeconds')].map(int64);
  const sinceTime = time(query.get('sinceTime'));
  if (numbers.includes('wrong') || sinceTime === 'wrong') return UNDECODABLE;
  const [tailLines, limitBytes, sinceSeconds] = numbers.map((n) => (n === 'wrong' ? undefined : n));
  const stream = query.get('stream') ?? 'All';
  if (stream !== 'All' && stream !== 'Stdout' && stream !== 'Stderr') return INVALID;
  if (tailLines !== undefined && (tailLines < 0 || stream !== 'All')) return INVALID;
  if (limitBytes !== undefined && limitBytes < 1) return INVALID;
  if (sinceSeconds !== undefined && (sinceSeconds < 1 || sinceTime !== undefined)) return INVALID;
  const sinceMs = sinceSeconds === undefined ? sinceTime : nowMs - sinceSeconds * 1000;
  const options: LogOptions = {
    follow: flag(query.get('follow')),
    previous: flag(query.get('previous')),
    timestamps: flag(query.get('timestamps')),
    sinceMs,
    tailLines,
    limitBytes,
    stream,
  };
  return { kind: 'options', options };
}

/** Every value but `0` and `false` is yes, the empty one too (apimachinery `Convert_Slice_string_To_bool`). */
function flag(text: string | null): boolean {
  return text !== null && text !== '0' && text.toLowerCase() !== 'false';
}

function int64(text: string | null): number | undefined | 'wrong' {
  if (text === null) return undefined;
  if (!/^[+-]?\d{1,19}$/.test(text)) return 'wrong';
  const value = BigInt(text);
  return value > MAX_INT64 || value < -MAX_INT64 - 1n ? 'wrong' : Number(value);
}

function time(text: string | null): number | undefined | 'wrong' {
  if (text === null) return undefined;
  if (text === '' || text === 'null') return Number.NEGATIVE_INFINITY;
  return timeOrUndefined(text) ?? 'wrong';
}
