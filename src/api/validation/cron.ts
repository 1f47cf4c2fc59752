/** Schedules of CronJobs, five fields (`robfig/cron` as batch validation uses it). */

const FIELDS = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] },
  { min: 0, max: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
] as const;
type Field = (typeof FIELDS)[number];

const DESCRIPTORS: ReadonlySet<string> = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);
/** Longest schedule that is looked at. */
const MAX_LENGTH = 1024;

/** What is wrong with a schedule, in the parser's words; undefined when nothing is. */
export function cronFault(schedule: string): string | undefined {
  if (schedule.length > MAX_LENGTH) return `schedule is longer than ${MAX_LENGTH} characters`;
  if (schedule === '') return 'empty spec string';
  if (schedule.startsWith('@'))
    return DESCRIPTORS.has(schedule) || /^@every [0-9]/.test(schedule) ? undefined : `unrecognized descriptor: ${schedule}`;
  const parts = schedule.split(/\s+/).filter((part) => part !== '');
  if (parts.length !== FIELDS.length) return `expected exactly ${FIELDS.length} fields, found ${parts.length}: [${parts.join(' ')}]`;
  for (const [i, field] of FIELDS.entries()) {
    for (const range of (parts[i] ?? '').split(',')) {
      const fault = rangeFault(range, field);
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}

function rangeFault(text: string, field: Field): string | undefined {
  const [range = '', step, ...more] = text.split('/');
  const [low = '', high, ...rest] = range.split('-');
  if (more.length > 0) return `too many slashes: ${text}`;
  if (rest.length > 0) return `too many hyphens: ${text}`;
  const bounds = low === '*' || low === '?' ? [field.min, field.max] : [numberOf(low, field), numberOf(high ?? low, field)];
  const [from, to] = bounds;
  if (from === undefined) return notANumber(low);
  if (to === undefined) return notANumber(high ?? low);
  if (step !== undefined && !/^[0-9]+$/.test(step)) return notANumber(step);
  if (from < field.min) return `beginning of range (${from}) below minimum (${field.min}): ${text}`;
  if (to > field.max) return `end of range (${to}) above maximum (${field.max}): ${text}`;
  if (from > to) return `beginning of range (${from}) beyond end of range (${to}): ${text}`;
  return step !== undefined && Number(step) === 0 ? `step of range should be a positive number: ${text}` : undefined;
}

function numberOf(text: string, field: Field): number | undefined {
  const named = 'names' in field ? (field.names as readonly string[]).indexOf(text.toLowerCase()) : -1;
  if (named >= 0) return named + field.min;
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
}

const notANumber = (text: string): string =>
  `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
