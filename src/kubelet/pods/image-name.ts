/** Names of images as a user may write them (distribution/reference `normalize.go`). */
import { parseReference } from '../../runtime/images/reference.ts';

/** The name with `:latest` where it has neither tag nor digest; nothing else is added. Or what is wrong with it. */
export function parseImageName(text: string): { readonly name: string } | { readonly error: string } {
  if (/^[a-f0-9]{64}$/.test(text)) return { error: `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings` };
  if (/^sha256:[a-f0-9]{64}$/.test(text)) return { name: text };
  const reference = parseReference(text);
  if (reference) return { name: reference.digest === '' && !/:[^/]*$/.test(text) ? `${text}:latest` : text };
  const lower = parseReference(text.toLowerCase());
  if (lower === null || text === text.toLowerCase()) return { error: 'invalid reference format' };
  // Only the letters are wrong: say which part, without the registry.
  const path = text.slice(text.toLowerCase().indexOf(lower.path.replace(/^library\//, '')), text.length);
  return { error: `invalid reference format: repository name (${path.replace(/[:@].*$/, '')}) must be lowercase` };
}
