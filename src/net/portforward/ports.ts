import { goQuote } from '../../api/field-errors.ts';

const MAX_PORT = 65_535;

/** What a query's ports are, or the text of the 400 answer (kubelet `portforward.NewV4Options`). */
export type ForwardedPorts = { readonly ports: readonly number[] } | { readonly error: string };

/** Reads `port=80&port=81` or `port=80,81`. `name` is `ports` at the API server. */
export function forwardedPorts(query: URLSearchParams, name = 'port'): ForwardedPorts {
  const values = query.getAll(name);
  if (values.length === 0) return { error: `query parameter "${name}" is required` };
  const ports: number[] = [];
  for (const value of values) {
    if (value === '') return { error: `query parameter "${name}" cannot be empty` };
    for (const text of value.split(',')) {
      const digits = /^\d+$/.test(text);
      if (!digits || Number(text) > MAX_PORT) {
        const why = digits ? 'value out of range' : 'invalid syntax';
        return { error: `unable to parse ${goQuote(value)} as a port: strconv.ParseUint: parsing ${goQuote(text)}: ${why}` };
      }
      if (Number(text) === 0) return { error: `port ${goQuote(text)} must be > 0` };
      ports.push(Number(text));
    }
  }
  return { ports };
}

/** A port as a SPDY stream names it: a decimal of 16 bits that is not 0; null otherwise. */
export function streamPort(text: string | undefined): number | null {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return null;
  const port = Number(text);
  return port >= 1 && port <= MAX_PORT ? port : null;
}
