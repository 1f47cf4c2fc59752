/** An image reference taken apart and normalised as containerd does (distribution/reference `ParseDockerRef`). */
export interface ImageReference {
  /** `docker.io`, `registry.k8s.io`, `localhost:5000`. */
  readonly domain: string;
  /** `library/busybox`. */
  readonly path: string;
  /** Empty when there is a digest and no tag. */
  readonly tag: string;
  /** `sha256:…` or empty. */
  readonly digest: string;
}

const PATH_PART = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const DOMAIN =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::\d+)?$|^\[[a-fA-F0-9:]+\](?::\d+)?$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const MAX_NAME = 255;

/** Reads a reference; null when it is not one. `busybox` is `docker.io/library/busybox:latest`. */
export function parseReference(text: string): ImageReference | null {
  const at = text.indexOf('@');
  const digest = at < 0 ? '' : text.slice(at + 1);
  if (at >= 0 && !DIGEST.test(digest)) return null;
  const name = at < 0 ? text : text.slice(0, at);
  const colon = name.lastIndexOf(':');
  const hasTag = colon > name.lastIndexOf('/');
  const tag = hasTag ? name.slice(colon + 1) : '';
  if (hasTag && !TAG.test(tag)) return null;
  const repository = hasTag ? name.slice(0, colon) : name;
  const slash = repository.indexOf('/');
  const head = slash < 0 ? '' : repository.slice(0, slash);
  const isDomain = slash >= 0 && (/[.:]/.test(head) || head === 'localhost' || head.toLowerCase() !== head);
  const domain = isDomain ? (head === 'index.docker.io' ? 'docker.io' : head) : 'docker.io';
  const rest = isDomain ? repository.slice(slash + 1) : repository;
  const path = domain === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest;
  if (!DOMAIN.test(domain) || `${domain}/${path}`.length > MAX_NAME || !path.split('/').every((part) => PATH_PART.test(part))) return null;
  return { domain, path, tag: tag || (digest ? '' : 'latest'), digest };
}

/** The full form of a reference; null when the text is not one. */
export function normalizeReference(text: string): string | null {
  const reference = parseReference(text);
  return reference && formatReference(reference);
}

/** `docker.io/library/busybox:1.36`, `…@sha256:…`; a tag beside a digest is dropped, as containerd does. */
export function formatReference(reference: ImageReference): string {
  const name = `${reference.domain}/${reference.path}`;
  return reference.digest ? `${name}@${reference.digest}` : `${name}:${reference.tag}`;
}
