/** DELETE of one object and of collections. */
import { deleteObject, type Deleted } from '../registry/delete.ts';
import { hasReason } from '../../api/status.ts';
import { strategyOf } from '../registry/strategies.ts';
import type { Entry } from '../store/entry.ts';
import { sendValue } from '../http/send.ts';
import { deleteDemand, type DeleteDemand } from './delete-options.ts';
import { includeObject, sendList, sendObject } from './encode.ts';
import { listOptions } from './list-options.ts';
import { collect } from './read.ts';
import { formOf, targetOf, type ResourceRequest } from './request.ts';

/** DELETE of one object: answers with the object when it is kept or asked for, with a Status otherwise. Throws StatusError. */
export async function removeObject(request: ResourceRequest): Promise<void> {
  const { core, exchange, definition, view, query, info } = request;
  const form = formOf(request);
  const demand = await deleteDemand(request);
  const { entry, gone } = await remove(request, demand, info.name, info.namespace);
  if (!gone || strategyOf(definition).returnsDeleted) {
    await sendObject(exchange, 200, view, entry, { form, include: includeObject(query), now: core.clock.now() });
    return;
  }
  const { name, uid } = entry.object.metadata;
  const details = { name, ...(definition.group !== '' && { group: definition.group }), kind: definition.resource, uid };
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
  await sendValue(exchange, 200, status, form.media, form.pretty);
}

/** DELETE of a collection: answers with the list of what was deleted. Throws StatusError. */
export async function removeCollection(request: ResourceRequest): Promise<void> {
  const { core, exchange, view, query } = request;
  const form = formOf(request);
  const options = listOptions(request.definition, query, false);
  const demand = await deleteDemand(request);
  const { entries, metadata } = await collect(request, options);
  const deleted: Entry[] = [];
  for (const entry of entries) {
    const { name, namespace = '' } = entry.object.metadata;
    try {
      await remove(request, demand, name, namespace);
      deleted.push(entry);
    } catch (error) {
      // Someone else was faster.
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }
  await sendList(exchange, view, deleted, metadata, { form, include: includeObject(query), now: core.clock.now() });
}

function remove(request: ResourceRequest, demand: DeleteDemand, name: string, namespace: string): Promise<Deleted> {
  const target = { ...targetOf(request), name, namespace };
  const write = { user: request.user, dryRun: demand.dryRun, manager: '', warn: request.warn };
  return deleteObject(request.core, target, demand.request, write);
}
