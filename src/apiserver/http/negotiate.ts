/** Which form of an answer a client takes (apiserver `pkg/endpoints/handlers/negotiation/negotiate.go`). */
import { failure, type StatusError } from '../../api/status.ts';

export type MediaType = 'application/json' | 'application/yaml' | 'application/vnd.kubernetes.protobuf';

/** A form of an answer. */
export interface Representation {
  readonly media: MediaType;
  /** The object itself, or what the client wants made of it. */
  readonly as: 'object' | 'Table' | 'PartialObjectMetadata';
  /** The version of meta.k8s.io for a Table or metadata. */
  readonly version: 'v1' | 'v1beta1';
  readonly pretty: boolean;
}

const MEDIA_TYPES: readonly MediaType[] = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const STREAM_TYPES: readonly MediaType[] = ['application/json', 'application/vnd.kubernetes.protobuf'];

/** What clients ask for that want nothing special. */
const PLAIN_JSON: ReadonlySet<string> = new Set(['', '*/*', 'application/json', 'application/json, */*']);

/** One element of an Accept header. */
export interface AcceptClause {
  readonly media: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** The clauses of an Accept header, most wanted first; without one the client takes anything. */
export function parseAccept(header: string | undefined): readonly AcceptClause[] {
  if (header === undefined || header.trim() === '') return [{ media: '*/*', parameters: new Map() }];
  return header
    .split(',')
    .map((clause) => {
      const [media = '', ...rest] = clause.split(';').map((part) => part.trim());
      const parameters = new Map(
        rest.map((part): [string, string] => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]),
      );
      return { media: media.toLowerCase(), parameters };
    })
    .map((clause, index) => ({ clause, index, quality: Number(clause.parameters.get('q') ?? 1) }))
    .sort((a, b) => b.quality - a.quality || a.index - b.index)
    .map(({ clause }) => clause);
}

export interface NegotiationOptions {
  readonly accept: string | undefined;
  readonly userAgent: string | undefined;
  readonly query: URLSearchParams;
  /** A watch: no YAML. */
  readonly stream?: boolean;
  /** Tables and metadata are no answer to this request. */
  readonly objectsOnly?: boolean;
}

/** Chooses the form of an answer. Throws the 406 of the original when the client takes none. */
export function negotiate(options: NegotiationOptions): Representation {
  if (options.accept === undefined || PLAIN_JSON.has(options.accept)) {
    return { media: 'application/json', as: 'object', version: 'v1', pretty: isPretty(options) };
  }
  const clauses = parseAccept(options.accept);
  const types = options.stream === true ? STREAM_TYPES : MEDIA_TYPES;
  const pretty = isPretty(options);
  const candidates = clauses.flatMap((clause) => representationsOf(clause, types, options.objectsOnly === true));
  // JSON is ready in memory; who takes it as well as protobuf gets it.
  const chosen = candidates[0]?.media === 'application/vnd.kubernetes.protobuf' ? jsonTwin(candidates) : candidates[0];
  if (chosen) return { ...chosen, pretty };
  throw notAcceptable(clauses, types, options.stream === true);
}

type Form = Omit<Representation, 'pretty'>;

function jsonTwin(candidates: readonly Form[]): Form | undefined {
  const [first] = candidates;
  return candidates.find((form) => form.media === 'application/json' && form.as === first?.as && form.version === first.version) ?? first;
}

function representationsOf(clause: AcceptClause, types: readonly MediaType[], objectsOnly: boolean): Form[] {
  const media =
    clause.media === '*/*' || clause.media === 'application/*' ? 'application/json' : types.find((type) => type === clause.media);
  if (!media) return [];
  const as = clause.parameters.get('as');
  const version = clause.parameters.get('v');
  if (as === undefined || as === '') return [{ media, as: 'object', version: 'v1' }];
  if (objectsOnly || clause.parameters.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return [];
  if (as === 'Table') return media === 'application/vnd.kubernetes.protobuf' ? [] : [{ media, as, version }];
  if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return [{ media, as: 'PartialObjectMetadata', version }];
  return [];
}

/** The form of an error: like that of an answer, but never none. */
export function negotiateError(options: NegotiationOptions): Pick<Representation, 'media' | 'pretty'> {
  for (const { media } of parseAccept(options.accept)) {
    if (media === 'application/yaml') return { media, pretty: false };
    if (media === 'application/json' || media.endsWith('/*')) break;
  }
  return { media: 'application/json', pretty: isPretty(options) };
}

function isPretty({ query, userAgent = '' }: NegotiationOptions): boolean {
  const asked = query.get('pretty');
  if (asked !== null && asked !== '') return /^(1|t|true)$/i.test(asked);
  return /^(curl|Wget|Mozilla\/5\.0)/.test(userAgent);
}

function notAcceptable(clauses: readonly AcceptClause[], types: readonly MediaType[], stream: boolean): StatusError {
  const known = clauses.some(({ media }) => MEDIA_TYPES.some((type) => type === media));
  // The router in front of the original's handlers refuses types that no handler makes, in its own words.
  if (!known) return failure(406, 'NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${MEDIA_TYPES.join(', ')}`, {});
  const named = types.map((type) => (stream ? `${type};stream=watch` : type)).join(', ');
  return failure(406, 'NotAcceptable', `only the following media types are accepted: ${named}`);
}
