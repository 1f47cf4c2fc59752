import yaml from 'js-yaml';
import type { ResourceDefinition } from '../api/resources.ts';
export const parseYaml = (text: string): unknown[] => yaml.loadAll(text) as unknown[];
export const stringifyYaml = (value: unknown): string => yaml.dump(value, { sortKeys: true, noRefs: true });
export const toTable = (
  _definition: ResourceDefinition,
  objects: readonly object[],
  options: { now: number; includeObject: string; list: object },
): object => ({
  metadata: options.list,
  columnDefinitions: [{ name: 'Name', type: 'string', format: 'name', description: '', priority: 0 }],
  rows: objects.map((object) => ({ cells: [(object as { metadata: { name: string } }).metadata.name], object })),
});
