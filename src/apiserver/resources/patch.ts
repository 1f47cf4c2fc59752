/** PATCH: JSON patch, merge patch, strategic merge patch (apiserver `pkg/endpoints/handlers/patch.go`). */
import { DecodeError } from '../../api/decode.ts';
import { invalid, invalidValue } from '../../api/field-errors.ts';
import { goPrint } from '../../api/go-print.ts';
import { isObject } from '../../api/own.ts';
import { parsePatch, patchFailure } from '../../api/patch/errors.ts';
import { applyJsonPatch } from '../../api/patch/json-patch.ts';
import { applyMergePatch } from '../../api/patch/merge-patch.ts';
import { applyStrategicMergePatch } from '../../api/patch/strategic-merge.ts';
import { failure, notFound, StatusError } from '../../api/status.ts';
import type { TypeName } from '../../api/schema/schema.ts';
import type { KubeObject } from '../../api/types.ts';
import { errorText } from '../../util/log.ts';
import { asExpected, mediaTypeOf, parsedValue, readAll, type Expected } from '../http/body.ts';
import { updateObject } from '../registry/update.ts';
import { applyObjectPatch } from './apply.ts';
import { includeObject, sendObject } from './encode.ts';
import { formOf, targetOf, type ResourceRequest } from './request.ts';
import { writeOptions, type WriteOptions } from './write-options.ts';

/** A patch to objects of one type. */
export interface Patch {
  /** Makes a patched JSON value of an object. */
  apply(object: object): unknown;
  /** What is shown when the patched value is no object of the type: a strategic patch itself, for others the value. */
  shown(value: unknown, object: object): string;
}

type PatchKind = (type: TypeName, object: object, patch: unknown) => unknown;

const KINDS: Readonly<Record<string, PatchKind>> = {
  'application/json-patch+json': (_type, object, patch) => applyJsonPatch(object, patch),
  'application/merge-patch+json': (_type, object, patch) => applyMergePatch({ ...object }, patch),
  'application/strategic-merge-patch+json': (type, object, patch) => applyStrategicMergePatch(type, { ...object }, patch),
};
const STRATEGIC = 'application/strategic-merge-patch+json';
const APPLY = 'application/apply-patch+yaml';

/** PATCH of an object or of one of its subresources that is the same kind. Throws StatusError. */
export async function patchObject(request: ResourceRequest): Promise<void> {
  const { core, exchange, definition, view, query } = request;
  const form = formOf(request);
  if (mediaTypeOf(exchange) === APPLY) {
    await applyObjectPatch(request);
    return;
  }
  const options = writeOptions(request, 'PatchOptions');
  const patch = await readPatch(request, definition.type);
  const target = targetOf(request);
  const { entry, created } = await updateObject(
    core,
    target,
    (present) => {
      if (!present) throw notFound(definition, target.name);
      return asPatched(patch, present, definition, options, request.warn);
    },
    options.write,
    { fromPresent: true },
  );
  await sendObject(exchange, created ? 201 : 200, view, entry, { form, include: includeObject(query), now: core.clock.now() });
}

/** Reads the body as a patch to a type. Throws 400, 413, 415. */
export async function readPatch(request: ResourceRequest, type: TypeName): Promise<Patch> {
  const mediaType = mediaTypeOf(request.exchange);
  const kind = KINDS[mediaType];
  if (!kind) throw failure(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
  const body = await readAll(request.exchange);
  return attempt(() => {
    const { value, duplicates } = parsePatch(body.toString('utf8'));
    for (const path of duplicates) request.warn(`duplicate field "${path}"`);
    // A patch that can be applied to nothing is malformed; it says so before the object is looked for.
    return {
      apply: (object) => attempt(() => kind(type, object, value)),
      shown: (patched, object) => (mediaType === STRATEGIC ? goPrint(value) : JSON.stringify(asMerged(patched, object))),
    };
  });
}

function attempt<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw patchFailure(error);
  }
}

/** The patched value as an object of the expected kind; what does not fit is a 422 that shows it. */
export function asPatched(
  patch: Patch,
  source: object,
  expected: Expected,
  options: Pick<WriteOptions, 'validation'>,
  warn: (text: string) => void,
): KubeObject {
  const value = patch.apply(source);
  try {
    return asExpected(parsedValue(value), expected, options.validation, warn);
  } catch (error) {
    if (!(error instanceof StatusError) && !(error instanceof DecodeError)) throw error;
    const why = errorText(error).replace(/^.*? cannot be handled as a \w+: /, '');
    throw invalid({ group: '', kind: '' }, '', [invalidValue('patch', patch.shown(value, source), why)]);
  }
}

/** The value as the original's patch library writes it: objects that the patch went into have their keys in order. */
function asMerged(value: unknown, source: unknown): unknown {
  if (value === source || !isObject(value)) return value;
  const from = isObject(source) ? source : {};
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, asMerged(value[key], from[key])]));
}
