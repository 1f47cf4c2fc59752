/** Compares with the Tables of a real API server, where the recordings are at hand. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { resources } from '../resources.ts';
import type { ResourceDefinition } from '../resources.ts';
import { toTable } from './table.ts';
import type { Table } from './table.ts';

const recording = fileURLToPath(new URL('../../../../shared/golden/apiserver.jsonl', import.meta.url));

interface Answer {
  readonly id: string;
  readonly headers: { readonly date?: string };
  readonly body?: string;
}

/** An answer with an object (or a list) and one with its Table. */
const PAIRS: readonly (readonly [object: string, table: string, of: ResourceDefinition])[] = [
  ['create-001', 'get-007', resources.configmaps],
  ['create-001', 'get-016', resources.configmaps],
  ['list-001', 'list-002', resources.configmaps],
  ['list-001', 'list-004', resources.configmaps],
  ['list-001', 'list-005', resources.configmaps],
  ['pod-002', 'pod-003', resources.pods],
  ['svc-001', 'svc-002', resources.services],
  ['token-001', 'token-009', resources.serviceaccounts],
  ['node-002', 'node-001', resources.nodes],
  ['workload-002', 'workload-003', resources['deployments.apps']],
  ['workload-010', 'workload-011', resources['daemonsets.apps']],
  ['workload-013', 'workload-014', resources['jobs.batch']],
];

describe.skipIf(!existsSync(recording))('recorded Tables', () => {
  it('show the same columns and cells for the same objects', () => {
    const answers = new Map(
      readFileSync(recording, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Answer)
        .map((answer) => [answer.id, answer]),
    );
    let compared = 0;
    for (const [objectId, tableId, of] of PAIRS) {
      const [source, answer] = [answers.get(objectId), answers.get(tableId)];
      if (source === undefined || answer === undefined) continue;
      const recorded = JSON.parse(answer.body ?? '') as Table & { rows: { object: { apiVersion?: string } | null }[] };
      const parsed = JSON.parse(source.body ?? '') as { items?: object[] };
      const includeObject = recorded.rows[0]?.object === null ? 'None' : tableId === 'list-005' ? 'Object' : 'Metadata';
      const table = toTable(of, parsed.items ?? [parsed], {
        now: Date.parse(answer.headers.date ?? '') + 500,
        includeObject,
        listMeta: recorded.metadata,
        apiVersion: recorded.apiVersion === 'meta.k8s.io/v1beta1' ? 'meta.k8s.io/v1beta1' : 'meta.k8s.io/v1',
      });
      const plain = (t: Table): unknown => ({ ...t, columnDefinitions: t.columnDefinitions?.map((c) => ({ ...c, description: '' })) });
      // Ages are rounded by when the server looked at its clock.
      const text = JSON.stringify(plain(table)).replaceAll(/"\d+s"/g, '"Ns"');
      expect(JSON.parse(text), tableId).toEqual(JSON.parse(JSON.stringify(plain(recorded)).replaceAll(/"\d+s"/g, '"Ns"')));
      compared++;
    }
    expect(compared).toBeGreaterThan(5);
  });
});
