/** Names of images as a user may write them (distribution/reference `normalize.go`). */

const REFERENCE =
  /^(?<name>[^@]+?)(?::(?<tag>[\w][\w.-]{0,127}))?(?:@(?<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$/;
const PATH_PART = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const DOMAIN =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const MAX_LENGTH = 255;

/** The name with `:latest` where it has neither tag nor digest; nothing else is added. Or what is wrong with it. */
export function parseImageName(text: string): { readonly name: string } | { readonly error: string } {
  if (/^[a-f0-9]{64}$/.test(text)) return { error: `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings` };
  if (/^sha256:[a-f0-9]{64}$/.test(text)) return { name: text };
  const { name, tag, digest } = REFERENCE.exec(text)?.groups ?? {};
  if (name === undefined) return { error: 'invalid reference format' };
  const { domain, path } = splitDomain(name);
  if (path.toLowerCase() !== path) return { error: `invalid reference format: repository name (${path}) must be lowercase` };
  if (!path.split('/').every((part) => PATH_PART.test(part)) || (domain !== undefined && !DOMAIN.test(domain)))
    return { error: 'invalid reference format' };
  if (name.length > MAX_LENGTH) return { error: `repository name must not be more than ${MAX_LENGTH} characters` };
  return { name: tag === undefined && digest === undefined ? `${text}:latest` : text };
}

/** The first part is a registry when it looks like a host; else the name is a path in the default one. */
function splitDomain(name: string): { domain: string | undefined; path: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isHost = slash > 0 && (/[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first);
  return isHost ? { domain: first, path: name.slice(slash + 1) } : { domain: undefined, path: name };
}
