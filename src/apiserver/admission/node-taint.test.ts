import { expect, test } from 'vitest';
import { resources } from '../../api/resources.ts';
import { memoryRegistry } from '../auth/testing.ts';
import { nodeTaintAdmission } from './node-taint.ts';

const taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
const other = { key: 'a', effect: 'NoSchedule' };

test.each([
  ['create', '', undefined, [taint]],
  ['create', '', [other], [other, taint]],
  ['create', '', [taint], [taint]],
  ['update', '', undefined, undefined],
  ['update', 'status', undefined, undefined],
] as const)('%s of nodes%s with taints %j leaves %j', async (operation, subresource, before, after) => {
  const object = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' }, ...(before && { spec: { taints: [...before] } }) };
  const request = {
    operation,
    subresource,
    object,
    before: undefined,
    resource: resources.nodes,
    namespace: '',
    name: 'n',
    user: { name: 'u', groups: [] },
    dryRun: false,
  };
  await nodeTaintAdmission(request, memoryRegistry().reader);
  expect((object as { spec?: { taints?: unknown } }).spec?.taints).toEqual(after);
});
