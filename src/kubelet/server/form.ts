/** Values of a query and of a posted form, as Go's `ParseForm` puts them together (net/http `request.go`). */
import { BodyTooLargeError, readBody } from '../../net/body.ts';
import { goQuery, queryProblem } from '../../net/target.ts';
import type { KubeletRequest } from './request.ts';

/** A form of a few switches, in bytes. */
const MAX_FORM = 64 * 1024;

export interface FormValues {
  /** The form's values before the query's. */
  readonly values: URLSearchParams;
  /** What is wrong with form or query, whose other values are there nevertheless. */
  readonly problem: string | undefined;
}

/** Reads the values; a request that leaves HTTP has no form. Rejects when the body is cut off. */
export async function formValues({ exchange, upgrade }: KubeletRequest): Promise<FormValues> {
  const { query, rawQuery } = exchange.target;
  const type = exchange.request.headers['content-type'] ?? '';
  if (exchange.method !== 'POST' || upgrade !== undefined || !/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type))
    return { values: query, problem: queryProblem(rawQuery) };
  try {
    const form = (await readBody(exchange, MAX_FORM)).toString();
    return { values: new URLSearchParams([...goQuery(form), ...query]), problem: queryProblem(form) ?? queryProblem(rawQuery) };
  } catch (error) {
    if (error instanceof BodyTooLargeError) return { values: query, problem: error.message };
    throw error;
  }
}
