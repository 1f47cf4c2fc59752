const MAX_PORT = 65_535;

/** What a query's ports are, or the text of the 400 answer (kubelet `portforward.NewV4Options`). */
export type ForwardedPorts = { readonly ports: readonly number[] } | { readonly error: string };

/** Reads `port=80&port=81` or `port=80,81`. `name` is `ports` at the API server. */
export function forwardedPorts(query: URLSearchParams, name = 'port'): ForwardedPorts {
  const values = query.getAll(name);
  if (values.length === 0) return { error: `query parameter "${name}" is required` };
  const ports: number[] = [];
  for (const text of values.flatMap((value) => value.split(','))) {
    if (text === '') return { error: `query parameter "${name}" cannot be empty` };
    const digits = /^\d+$/.test(text);
    if (!digits || Number(text) > MAX_PORT) {
      const why = digits ? 'value out of range' : 'invalid syntax';
      const quoted = JSON.stringify(text);
      return { error: `unable to parse ${quoted} as a port: strconv.ParseUint: parsing ${quoted}: ${why}` };
    }
    if (Number(text) === 0) return { error: `port ${JSON.stringify(text)} must be > 0` };
    ports.push(Number(text));
  }
  return { ports };
}

/** A port as a SPDY stream names it: a decimal of 16 bits that is not 0; null otherwise. */
export function streamPort(text: string | undefined): number | null {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return null;
  const port = Number(text);
  return port >= 1 && port <= MAX_PORT ? port : null;
}
