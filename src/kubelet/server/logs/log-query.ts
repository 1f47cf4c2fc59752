/** The query of node logs: `/logs/?query=kubelet&tailLines=10` (kubernetes `pkg/kubelet/kubelet_server_journal.go`). */
import { goQuote } from '../../../api/field-errors.ts';
import { timeOrUndefined } from '../../../api/time.ts';
import { patternProblem } from './re2.ts';

export interface LogQuery {
  readonly files: readonly string[];
  readonly services: readonly string[];
  readonly sinceTime?: Date;
  readonly untilTime?: Date;
  readonly boot?: number;
  readonly tailLines?: number;
  readonly pattern?: string;
}

/** A query; nothing when no parameter of it is there; or what is wrong with each parameter. */
export type ParsedLogQuery = { readonly query: LogQuery | undefined } | { readonly errors: readonly string[] };

const MAX_TAIL = 100_000;
const MAX_SERVICES = 4;
const MAX_SERVICE_NAME = 256;
const SERVICE_NAME = /^[a-zA-Z0-9\-_@.:]+$/;

/** Reads the parameters. */
export function parseLogQuery(params: URLSearchParams): ParsedLogQuery {
  const errors: string[] = [];
  const queries = params.getAll('query');
  const files = queries.filter((q) => /[/\\]/.test(q));
  const services = queries.filter((q) => !/[/\\]/.test(q) && q.trim() !== '');
  if (queries.length > 0 && files.length + services.length === 0) errors.push(`query: Invalid value: ${list(queries)}: may not be empty`);
  const time = (name: string): Date | undefined => {
    const text = params.get(name) ?? '';
    if (text === '') return undefined;
    const ms = timeOrUndefined(text);
    if (ms === undefined) errors.push(`${name}: Invalid value: ${goQuote(text)}: invalid time format`);
    return ms === undefined ? undefined : new Date(ms);
  };
  const integer = (name: string): number | undefined => {
    const text = params.get(name) ?? '';
    if (text === '') return undefined;
    if (/^[+-]?\d{1,15}$/.test(text)) return Number(text);
    const why = /^[+-]?\d+$/.test(text) ? 'value out of range' : 'invalid syntax';
    errors.push(`${name}: Invalid value: ${goQuote(text)}: strconv.Atoi: parsing ${goQuote(text)}: ${why}`);
    return undefined;
  };
  const sinceTime = time('sinceTime');
  const untilTime = time('untilTime');
  const boot = integer('boot');
  const tailLines = integer('tailLines');
  const pattern = params.get('pattern') || undefined;
  if (errors.length > 0) return { errors };
  const options = {
    ...(sinceTime && { sinceTime }),
    ...(untilTime && { untilTime }),
    ...(boot !== undefined && { boot }),
    ...(tailLines !== undefined && { tailLines }),
    ...(pattern !== undefined && { pattern }),
  };
  if (files.length + services.length === 0 && Object.keys(options).length === 0) return { query: undefined };
  return { query: { files, services, ...options } };
}

/** What is wrong with a query as a whole. `fileProblem` says why a file cannot be served. */
export async function validateLogQuery(query: LogQuery, fileProblem: (file: string) => Promise<string | undefined>): Promise<string[]> {
  const { files, services, sinceTime, untilTime, boot, tailLines, pattern } = query;
  const errors = serviceErrors(services);
  const [file] = files;
  const hasOptions = [sinceTime, untilTime, boot, tailLines, pattern].some((option) => option !== undefined);
  if (files.length + services.length === 0) errors.push('query: Required value: cannot be empty with options');
  else if (files.length > 0 && services.length > 0)
    errors.push(`query: Invalid value: ${goQuote(`[${files.join(' ')}], [${services.join(' ')}]`)}: cannot specify a file and service`);
  else if (files.length > 1) errors.push(`query: Invalid value: ${list(files)}: cannot specify more than one file`);
  else if (file !== undefined) {
    const problem = hasOptions ? 'cannot specify file with options' : await fileProblem(file);
    if (problem !== undefined) errors.push(`query: Invalid value: ${list(files)}: ${problem}`);
  }
  if (sinceTime && untilTime && sinceTime > untilTime)
    errors.push(`untilTime: Invalid value: ${goQuote(untilTime.toISOString().replace(/\.\d+Z$/, 'Z'))}: must be after \`sinceTime\``);
  if (boot !== undefined && boot > 0) errors.push(`boot: Invalid value: ${boot}: must be less than 1`);
  if (tailLines !== undefined && (tailLines < 0 || tailLines > MAX_TAIL))
    errors.push(`tailLines: Invalid value: ${tailLines}: must be between 0 and ${MAX_TAIL}, inclusive`);
  const regexp = pattern === undefined ? undefined : patternProblem(pattern);
  if (pattern !== undefined && regexp !== undefined)
    errors.push(`pattern: Invalid value: ${goQuote(pattern)}: error parsing regexp: ${regexp}`);
  return errors;
}

function serviceErrors(services: readonly string[]): string[] {
  const errors = services.length > MAX_SERVICES ? [`query: Too many: ${services.length}: must have at most ${MAX_SERVICES} items`] : [];
  for (const service of services) {
    if (service.length > MAX_SERVICE_NAME)
      errors.push(`query: Invalid value: ${goQuote(service)}: length must be less than ${MAX_SERVICE_NAME}`);
    if (!SERVICE_NAME.test(service)) errors.push(`query: Invalid value: ${goQuote(service)}: input contains unsupported characters`);
  }
  return errors;
}

/** A list of strings as Go's JSON shows it. */
function list(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(',')}]`;
}

/** Several errors as Go's aggregate shows them. */
export function aggregate(errors: readonly string[]): string {
  return errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`;
}
