/** What the manifests of schema 2 and OCI say. */
import { field } from '../image-config.ts';
import { MAX_LAYERS } from '../place-image.ts';
import { runnableHere } from '../platform.ts';
import { isDigest } from './digest.ts';
import { RegistryError } from './exchange.ts';
import type { Descriptor } from './registry-client.ts';

export type Manifest =
  | { readonly kind: 'image'; readonly config: Descriptor; readonly layers: readonly Descriptor[] }
  /** Images that this machine can run, the best first. */
  | { readonly kind: 'index'; readonly manifests: readonly Descriptor[] };

/** Entries of an index. */
const MAX_ENTRIES = 10_000;
/** Bytes of one blob: 64 GiB. */
const MAX_BLOB = 64 * 2 ** 30;

/** Reads a manifest or index. Throws `RegistryError` for what is neither. */
export function readManifest(content: Buffer, mediaType = ''): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(content.toString('utf8'));
  } catch {
    throw new RegistryError('the manifest is not JSON');
  }
  const version = field(value, 'schemaVersion');
  if (version === 1 || /docker\.distribution\.manifest\.v1\b/.test(mediaType))
    throw new RegistryError(
      'media type "application/vnd.docker.distribution.manifest.v1+prettyjws" is no longer supported since containerd v2.1',
    );
  const manifests = field(value, 'manifests');
  if (Array.isArray(manifests)) {
    if (manifests.length > MAX_ENTRIES) throw new RegistryError(`the index has more than ${MAX_ENTRIES} entries`);
    return { kind: 'index', manifests: runnableHere(manifests).map(descriptor) };
  }
  const layers = field(value, 'layers');
  if (!Array.isArray(layers)) throw new RegistryError('the manifest has neither layers nor manifests');
  if (layers.length > MAX_LAYERS) throw new RegistryError(`the image has more than ${MAX_LAYERS} layers`);
  return { kind: 'image', config: descriptor(field(value, 'config')), layers: layers.map(descriptor) };
}

function descriptor(value: unknown): Descriptor {
  const digest = field(value, 'digest');
  const size = field(value, 'size');
  const mediaType = field(value, 'mediaType');
  if (!isDigest(digest)) throw new RegistryError(`${JSON.stringify(digest)?.slice(0, 100)} is not a digest of sha256 or sha512`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0 || size > MAX_BLOB)
    throw new RegistryError(`the size of ${digest} is not between 0 and ${MAX_BLOB}`);
  return { digest, size, mediaType: typeof mediaType === 'string' ? mediaType : '' };
}
