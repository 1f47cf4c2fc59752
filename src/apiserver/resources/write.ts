/** POST and PUT of objects. */
import { readObject, type Expected } from '../http/body.ts';
import { createObject } from '../registry/create.ts';
import { updateObject } from '../registry/update.ts';
import { includeObject, sendObject } from './encode.ts';
import { formOf, targetOf, type ResourceRequest } from './request.ts';
import { writeOptions } from './write-options.ts';

/** POST to a collection. Throws StatusError. */
export async function postObject(request: ResourceRequest): Promise<void> {
  const { core, exchange, definition, view, query, warn } = request;
  const form = formOf(request);
  const { validation, write } = writeOptions(request, 'CreateOptions');
  const object = await readObject(exchange, definition, validation, warn);
  const entry = await createObject(core, targetOf(request), object, write);
  await sendObject(exchange, 201, view, entry, { form, include: includeObject(query), now: core.clock.now() });
}

/** PUT of an object or of one of its subresources that is the same kind. Throws StatusError. */
export async function putObject(request: ResourceRequest): Promise<void> {
  const { core, exchange, definition, view, query, warn } = request;
  const form = formOf(request);
  const { validation, write } = writeOptions(request, 'UpdateOptions');
  const object = await readObject(exchange, definition, validation, warn);
  const { entry, created } = await updateObject(core, targetOf(request), () => object, write);
  await sendObject(exchange, created ? 201 : 200, view, entry, { form, include: includeObject(query), now: core.clock.now() });
}

/** The kind that a subresource takes. */
export function expectedOf(request: ResourceRequest, type: Expected['type']): Expected {
  const { definition, subresource } = request;
  return {
    group: subresource?.group ?? definition.group,
    version: subresource?.version ?? definition.version,
    kind: subresource?.kind ?? definition.kind,
    type,
  };
}
