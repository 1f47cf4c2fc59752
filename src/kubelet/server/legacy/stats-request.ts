/** The body of a question for `/stats/…`, read as Go's decoder reads it (kubernetes 1.20 `pkg/kubelet/server/stats/handler.go`, StatsRequest). */
import { jsonKind } from '../../../api/decode.ts';
import { JsonError, parseJson } from '../../../api/json.ts';
import { parseTime } from '../../../api/time.ts';

export interface StatsRequest {
  readonly containerName: string;
  /** Samples that are wanted at most. */
  readonly samples: number;
  readonly subcontainers: boolean;
}

const DEFAULT_SAMPLES = 60;
const GO_TYPES = { containerName: 'string', num_stats: 'int', start: 'time.Time', end: 'time.Time', subcontainers: 'bool' } as const;
type Field = keyof typeof GO_TYPES;

/** All of it is optional. `start` and `end` must be times, and then choose nothing: there is one sample, of now. Throws Error with Go's text. */
export function parseStatsRequest(text: string): StatsRequest {
  // As much as nothing: the decoder sees the end of the body.
  const value: unknown = text.trim() === '' ? {} : firstValue(text);
  if (value === null) return { containerName: '', samples: DEFAULT_SAMPLES, subcontainers: false };
  if (typeof value !== 'object' || Array.isArray(value))
    throw new Error(`json: cannot unmarshal ${jsonKind(value)} into Go value of type stats.StatsRequest`);
  const fields = new Map<Field, unknown>();
  for (const [key, found] of Object.entries(value)) {
    // Go takes a key in any case, and null as not said.
    const field = (Object.keys(GO_TYPES) as Field[]).find((name) => name.toLowerCase() === key.toLowerCase());
    if (field !== undefined && found !== null) fields.set(field, found);
  }
  const of = <T>(field: Field, fallback: T, is: (found: unknown) => found is T): T => {
    const found = fields.get(field);
    if (found === undefined) return fallback;
    if (is(found)) return found;
    const shown = typeof found === 'number' && GO_TYPES[field] === 'int' ? `number ${found}` : jsonKind(found);
    throw new Error(`json: cannot unmarshal ${shown} into Go struct field StatsRequest.${field} of type ${GO_TYPES[field]}`);
  };
  for (const field of ['start', 'end'] as const) {
    const time = of(field, undefined, (found): found is string | undefined => typeof found === 'string');
    if (time !== undefined) parseTime(time);
  }
  return {
    containerName: of('containerName', '', (found) => typeof found === 'string'),
    samples: of('num_stats', DEFAULT_SAMPLES, (found): found is number => Number.isSafeInteger(found)),
    subcontainers: of('subcontainers', false, (found) => typeof found === 'boolean'),
  };
}

/** Go's decoder reads on where its parser of whole texts finds the end. */
function firstValue(text: string): unknown {
  try {
    return parseJson(text).value;
  } catch (error) {
    if (error instanceof JsonError && error.message === 'unexpected end of JSON input') throw new JsonError('unexpected EOF');
    throw error;
  }
}
