/** Server-side apply. */
import { failure } from '../../api/status.ts';
import type { ResourceRequest } from './request.ts';

export async function applyObjectPatch(_request: ResourceRequest): Promise<void> {
  throw failure(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
}
