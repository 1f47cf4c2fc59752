import type { ResourceDefinition } from '../api/resources.ts';
export const toTable = (
  _definition: ResourceDefinition,
  objects: readonly object[],
  options: { now: number; includeObject: string; list: object },
): object => ({
  metadata: options.list,
  columnDefinitions: [{ name: 'Name', type: 'string', format: 'name', description: '', priority: 0 }],
  rows: objects.map((object) => ({ cells: [(object as { metadata: { name: string } }).metadata.name], object })),
});
