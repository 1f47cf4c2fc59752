/** Reads request bodies as API objects. */
import { decode, DecodeError, readTypeMeta } from '../../api/decode.ts';
import { JsonError, parseJson } from '../../api/json.ts';
import { isObject } from '../../api/own.ts';
import { decodeEnvelope, decodeProtobuf, ProtobufError } from '../../api/protobuf.ts';
import { schema, type TypeName } from '../../api/schema/schema.ts';
import { typeRecord } from '../../api/schema/schema.ts';
import { badRequest, failure, tooLarge, type StatusError } from '../../api/status.ts';
import type { KubeObject } from '../../api/types.ts';
import { parseYaml } from '../../api/yaml.ts';
import { BodyTooLargeError, readBody } from '../../net/body.ts';
import type { Exchange } from '../../net/http.ts';
import { errorText } from '../../util/log.ts';
import { apiVersionOf } from '../gvk.ts';

/** Bytes of a request's body, as etcd's limit made them. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** What happens to unknown and duplicate fields. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** The kind that a body must be of. */
export interface Expected {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly type: TypeName;
}

/** Reads the whole body. Throws the 413 of the original. */
export async function readAll(exchange: Exchange): Promise<Buffer> {
  try {
    return await readBody(exchange, MAX_BODY_BYTES);
  } catch (error) {
    if (error instanceof BodyTooLargeError) throw tooLarge(`Request entity too large: limit is ${MAX_BODY_BYTES}`);
    throw error;
  }
}

/** A body's media type without parameters; absent means JSON. */
export function mediaTypeOf(exchange: Exchange): string {
  const [media = ''] = (exchange.request.headers['content-type'] ?? '').split(';');
  return media.trim().toLowerCase();
}

/** Reads the body as an object of the expected kind; kind and apiVersion may be left out. Throws StatusError. */
export async function readObject(
  exchange: Exchange,
  expected: Expected,
  validation: FieldValidation,
  warn: (text: string) => void,
): Promise<KubeObject> {
  if (!READERS[mediaTypeOf(exchange)]) throw unsupportedBody();
  const body = await readAll(exchange);
  let parsed: Parsed;
  try {
    parsed = parseBody(exchange, body);
  } catch (error) {
    throw badRequest(`the object provided is unrecognized (must be of type ${expected.kind}): ${errorText(error)} (${summary(body)})`);
  }
  return asExpected(parsed, expected, validation, warn);
}

/** Takes a body that was read apart, without looking at its kind. Throws StatusError for its media type, other errors for its text. */
export function parseBody(exchange: Exchange, body: Buffer): Parsed {
  const read = READERS[mediaTypeOf(exchange)];
  if (!read) throw unsupportedBody();
  return read(body);
}

export const unsupportedBody = (): StatusError =>
  failure(
    415,
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  );

/** A body whose kind is known. */
export interface Parsed {
  readonly apiVersion: string;
  readonly kind: string;
  readonly duplicates: readonly string[];
  /** Reads it as a type: the object and the fields that the type lacks. */
  readonly as: (type: TypeName) => { readonly object: object; readonly unknown: readonly string[] };
}

const fromJson = (value: unknown, duplicates: readonly string[]): Parsed => ({
  ...readTypeMeta(value),
  duplicates,
  as: (type) => decode(type, value ?? {}),
});
const jsonBody = (body: Buffer): Parsed => {
  try {
    const { value, duplicates } = parseJson(body.toString('utf8'));
    return fromJson(value, duplicates);
  } catch (error) {
    throw error instanceof JsonError || error instanceof DecodeError
      ? new Error(`couldn't get version/kind; json parse error: ${error.message}`)
      : error;
  }
};

const READERS: Readonly<Record<string, (body: Buffer) => Parsed>> = {
  '': jsonBody,
  'application/json': jsonBody,
  'application/yaml': (body) => {
    const [value] = parseYaml(body.toString('utf8'));
    return fromJson(value, []);
  },
  'application/vnd.kubernetes.protobuf': (body) => {
    const { apiVersion, kind, raw } = decodeEnvelope(body);
    return { apiVersion, kind, duplicates: [], as: (type) => ({ object: decodeProtobuf(type, raw), unknown: [] }) };
  },
};

/** Reads an object of any media type that is already JSON (a patched one). */
export function parsedValue(value: unknown): Parsed {
  return fromJson(value, []);
}

/** Checks kind and version and decodes. Throws StatusError in the original's words. */
export function asExpected(parsed: Parsed, expected: Expected, validation: FieldValidation, warn: (text: string) => void): KubeObject {
  const wanted = apiVersionOf(expected);
  const apiVersion = parsed.apiVersion === '' ? wanted : parsed.apiVersion;
  const kind = parsed.kind === '' ? expected.kind : parsed.kind;
  const refuse = (why: string): StatusError =>
    badRequest(
      `${kind} in version ${JSON.stringify(apiVersion.slice(apiVersion.indexOf('/') + 1))} cannot be handled as a ${expected.kind}: ${why}`,
    );
  if (apiVersion !== wanted || kind !== expected.kind) {
    const other = typeOf(apiVersion, kind);
    if (other === undefined) {
      throw refuse(
        `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`,
      );
    }
    try {
      parsed.as(other);
    } catch (error) {
      throw refuse(errorText(error));
    }
    if (kind === expected.kind)
      throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${wanted})`);
    throw refuse(`converting (${goPackage(apiVersion)}.${kind}) to (${goGroup(expected.group)}.${expected.kind}): unknown conversion`);
  }
  let decoded: ReturnType<Parsed['as']>;
  try {
    decoded = parsed.as(expected.type);
  } catch (error) {
    if (error instanceof DecodeError || error instanceof ProtobufError) throw refuse(error.message);
    throw error;
  }
  const faults = [
    ...decoded.unknown.map((path) => `unknown field "${path}"`),
    ...parsed.duplicates.map((path) => `duplicate field "${path}"`),
  ];
  if (validation === 'Strict' && faults.length > 0) throw refuse(`strict decoding error: ${faults.join(', ')}`);
  if (validation === 'Warn') for (const fault of faults) warn(fault);
  const object: Record<string, unknown> = { ...decoded.object };
  if (!isObject(object['metadata'])) object['metadata'] = {};
  return { ...object, apiVersion: wanted, kind: expected.kind } as KubeObject;
}

/** The type that travels under a kind. */
export function typeOfKind(of: Pick<Expected, 'group' | 'version' | 'kind'>): TypeName | undefined {
  return typeOf(apiVersionOf(of), of.kind);
}

function typeOf(apiVersion: string, kind: string): TypeName | undefined {
  for (const name of Object.keys(schema) as TypeName[]) {
    if (typeRecord(name)?.gvk?.some((gvk) => gvk.kind === kind && apiVersionOf(gvk) === apiVersion)) return name;
  }
  return undefined;
}

const goPackage = (apiVersion: string): string => apiVersion.slice(apiVersion.indexOf('/') + 1);
const goGroup = (group: string): string => (group === '' ? 'core' : (group.split('.')[0] ?? group));

const SUMMARY_BYTES = 30;

/** The beginning of a body, as error texts show it: JSON as it is, anything else in hexadecimal. */
function summary(body: Buffer): string {
  if (body.length === 0) return '<empty>';
  const encoding = body[0] === 0x7b ? 'utf8' : 'hex';
  return body.length > SUMMARY_BYTES ? `${body.subarray(0, SUMMARY_BYTES).toString(encoding)} ...` : body.toString(encoding);
}
