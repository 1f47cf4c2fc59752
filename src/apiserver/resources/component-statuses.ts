/** ComponentStatuses are not stored: each is asked how it is when it is read (`pkg/registry/core/componentstatus/rest.go`). */
import type { KubeObject } from '../../api/types.ts';
import { plainError } from '../registry/write.ts';
import { keyOf, type Entry, type StoredObject } from '../store/entry.ts';
import { includeObject, sendList, sendObject } from './encode.ts';
import { listOptions } from './list-options.ts';
import { formOf, type ResourceRequest } from './request.ts';

/** A part of the control plane. `check` throws the reason when it is not well. */
export interface Component {
  readonly name: string;
  readonly check: () => void | Promise<void>;
}

/** GET of one component. An unknown one is an error without a reason, as in the original. */
export async function getComponent(request: ResourceRequest, components: readonly Component[]): Promise<void> {
  const { core, exchange, view, info, query } = request;
  const form = formOf(request);
  const component = components.find(({ name }) => name === info.name);
  if (!component) throw plainError(`Component not found: ${info.name}`);
  await sendObject(exchange, 200, view, await entryOf(component), { form, include: includeObject(query), now: core.clock.now() });
}

/** GET of all that the selectors of the query take. */
export async function listComponents(request: ResourceRequest, components: readonly Component[]): Promise<void> {
  const { core, exchange, view, query, definition } = request;
  const form = formOf(request);
  const include = includeObject(query);
  const { selects } = listOptions(definition, query, false);
  const entries = (await Promise.all(components.map(entryOf))).filter(({ object }) => selects.matches(object));
  await sendList(exchange, view, entries, {}, { form, include, now: core.clock.now() });
}

async function entryOf({ name, check }: Component): Promise<Entry> {
  const fault = await Promise.resolve()
    .then(check)
    .then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
  const condition = { type: 'Healthy', status: fault === undefined ? 'True' : 'False', message: fault ?? 'ok' };
  const body = { metadata: { name }, conditions: [condition] };
  const object: KubeObject = { apiVersion: 'v1', kind: 'ComponentStatus', ...body };
  return {
    key: keyOf('componentstatuses', '', name),
    bucket: 'componentstatuses',
    revision: 0,
    object: object as StoredObject,
    json: JSON.stringify(body),
  };
}
