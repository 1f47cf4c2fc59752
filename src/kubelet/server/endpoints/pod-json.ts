/** Pods as Go encodes them. */
import type { Pod } from '../../../api/types.ts';
import { goJson } from '../go-json.ts';

/** Parts of pods are never changed in place, so each is encoded once, however often it is listed. */
const encoded = new WeakMap<object, string>();

/** One pod; alone it names its kind, in a list it does not. */
export function podJson({ metadata, spec, status }: Pod, alone = false): string {
  const kind = alone ? '"kind":"Pod","apiVersion":"v1",' : '';
  return `{${kind}"metadata":${partJson(metadata)},"spec":${spec === undefined ? '{"containers":null}' : partJson(spec)},"status":${partJson(status ?? {})}}`;
}

function partJson(part: object): string {
  const known = encoded.get(part);
  if (known !== undefined) return known;
  const text = goJson(part);
  encoded.set(part, text);
  return text;
}
