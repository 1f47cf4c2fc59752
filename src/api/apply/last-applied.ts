/** What client-side apply wrote may be taken over by server-side apply (apimachinery `managedfields/internal/lastappliedmanager.go`). */
import { parseJson } from '../json.ts';
import { normalize } from '../normalize.ts';
import { isObject } from '../own.ts';
import type { TypeName } from '../schema/schema.ts';
import { difference, union, type FieldSet } from './field-set.ts';
import { compare, fieldSetOf, type Shape } from './typed.ts';
import { typedErrors } from './typed-errors.ts';
import type { Writer } from './update.ts';

const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';
/** Only kubectl's own manager knows that the annotation was its own. */
const MANAGER = 'kubectl';

/** Fields that the writer last applied from the client and that nobody has changed since: no conflicts for it. */
export function fieldsLastApplied(type: TypeName, shape: Shape, live: unknown, writer: Writer): FieldSet {
  const none: FieldSet = new Map();
  const metadata = isObject(live) ? live['metadata'] : undefined;
  const annotations = isObject(metadata) ? metadata['annotations'] : undefined;
  const text = isObject(annotations) ? annotations[ANNOTATION] : undefined;
  if (writer.manager !== MANAGER || typeof text !== 'string' || text === '') return none;
  const applied = objectOf(text);
  if (applied === undefined || applied['apiVersion'] !== writer.apiVersion || typedErrors(shape, applied).length > 0) return none;
  const before = normalize(type, applied);
  const { added, modified, removed } = compare(shape, before, live);
  return difference(fieldSetOf(shape, applied), union(union(added, modified), removed));
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const { value } = parseJson(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
