/** Which form of an exposition a client gets: its `Accept` and `Accept-Encoding` (prometheus/common `expfmt.Negotiate`, client_golang `httputil.NegotiateContentEncoding`). */

export type ExpositionFormat = 'text' | 'openmetrics' | 'delimited' | 'prototext' | 'compact-text';

export interface Negotiated {
  readonly format: ExpositionFormat;
  readonly contentType: string;
}

interface Range {
  readonly type: string;
  readonly subtype: string;
  readonly params: ReadonlyMap<string, string>;
  readonly q: number;
}

const PROTOBUF = 'application/vnd.google.protobuf';
const MESSAGE = 'io.prometheus.client.MetricFamily';
const ENCODINGS: ReadonlyMap<string, ExpositionFormat> = new Map([
  ['delimited', 'delimited'],
  ['text', 'prototext'],
  ['compact-text', 'compact-text'],
]);
/** What a name with letters beyond `[a-zA-Z0-9_:]` would become. No family here has such a name: the word is given back. */
const ESCAPINGS: ReadonlySet<string> = new Set(['allow-utf-8', 'underscores', 'dots', 'values']);
const OPENMETRICS_VERSIONS: ReadonlySet<string> = new Set(['', '0.0.1', '1.0.0']);
/** Ranges of one header that are looked at. */
const MAX_RANGES = 64;

/** The first form on offer in the order of the client's wishes, else text. */
export function negotiateFormat(accept: string | undefined, offers: { readonly openMetrics: boolean }): Negotiated {
  let escaping = 'underscores';
  for (const { type, subtype, params } of mediaRanges(accept ?? '')) {
    const wanted = params.get('escaping');
    if (wanted !== undefined && ESCAPINGS.has(wanted)) escaping = wanted;
    const name = `${type}/${subtype}`;
    const version = params.get('version') ?? '';
    const encoding = params.get('encoding') ?? '';
    const format = name === PROTOBUF && params.get('proto') === MESSAGE ? ENCODINGS.get(encoding) : undefined;
    if (format !== undefined) return { format, contentType: `${PROTOBUF}; proto=${MESSAGE}; encoding=${encoding}; escaping=${escaping}` };
    if (name === 'text/plain' && (version === '' || version === '0.0.4')) break;
    if (offers.openMetrics && name === 'application/openmetrics-text' && OPENMETRICS_VERSIONS.has(version)) {
      const spoken = version === '1.0.0' ? version : '0.0.1';
      return {
        format: 'openmetrics',
        contentType: `application/openmetrics-text; version=${spoken}; charset=utf-8; escaping=${escaping}`,
      };
    }
  }
  return { format: 'text', contentType: `text/plain; version=0.0.4; charset=utf-8; escaping=${escaping}` };
}

/** As the library does it: `gzip` must be named, in lower case, and be wished for more than no encoding. */
export function acceptsGzip(header: string | undefined): boolean {
  const wishes = (header ?? '')
    .split(',', MAX_RANGES)
    .map((part) => part.trim().split(';'))
    .map(([value = '', ...params]) => ({
      value: value.trim(),
      q: quality(
        params
          .map((p) => p.trim())
          .find((p) => p.startsWith('q='))
          ?.slice(2),
      ),
    }));
  const most = (offer: string): number => Math.max(-1, ...wishes.filter(({ value }) => value === offer || value === '*').map(({ q }) => q));
  return most('gzip') > Math.max(most('identity'), 0);
}

const quality = (text: string | undefined): number => (text === undefined || !/^(0|1|0?\.\d+|0\.\d*|1\.0*)$/.test(text) ? 1 : Number(text));

/** Media ranges by wish; of equal ones those that say more come first, then the order of the header counts. */
function mediaRanges(accept: string): Range[] {
  const ranges = accept.split(',', MAX_RANGES).flatMap((part): Range[] => {
    const [name = '', ...rest] = part.split(';').map((piece) => piece.trim());
    const [type = '', subtype, more] = name.split('/').map((piece) => piece.trim());
    if (more !== undefined || (subtype === undefined && type !== '*')) return [];
    const params = new Map(
      rest.flatMap((piece): [string, string][] => {
        const at = piece.indexOf('=');
        return at < 0 ? [] : [[piece.slice(0, at).trim(), piece.slice(at + 1).trim()]];
      }),
    );
    return [{ type, subtype: subtype ?? '*', params, q: quality(params.get('q')) }];
  });
  const stars = ({ type, subtype }: Range): number => (type === '*' ? 2 : subtype === '*' ? 1 : 0);
  return ranges.toSorted((a, b) => b.q - a.q || stars(a) - stars(b));
}
