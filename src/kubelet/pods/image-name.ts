/** Names of images as a user may write them (distribution/reference `normalize.go`). */
import { parseReference } from '../../runtime/images/reference.ts';

/** The name with `:latest` where it has neither tag nor digest; nothing else is added. Or what is wrong with it. */
export function parseImageName(text: string): { readonly name: string } | { readonly error: string } {
  if (/^[a-f0-9]{64}$/.test(text)) return { error: `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings` };
  if (/^sha256:[a-f0-9]{64}$/.test(text)) return { name: text };
  const reference = parseReference(text);
  if (reference) return { name: reference.digest === '' && !/:[^/]*$/.test(text) ? `${text}:latest` : text };
  if (text === text.toLowerCase() || parseReference(text.toLowerCase()) === null) return { error: 'invalid reference format' };
  // Only the letters are wrong: say in which part, without the registry.
  const repository = text.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
  const head = repository.slice(0, Math.max(0, repository.indexOf('/')));
  const isRegistry = /[.:]/.test(head) || head === 'localhost' || head.toLowerCase() !== head;
  const path = isRegistry ? repository.slice(head.length + 1) : repository;
  return { error: `invalid reference format: repository name (${path}) must be lowercase` };
}
