import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyDefaults } from '../defaults/defaults.ts';
import { prepareForCreate, prepareForUpdate } from '../defaults/prepare.ts';
import { normalize } from '../normalize.ts';
import { resourceDefinitions } from '../resources.ts';
import { typePlan } from '../schema/plan.ts';
import type { FieldPlan, TypePlan } from '../schema/plan.ts';
import { selectableFields } from '../selectors.ts';
import { toTable } from '../table/table.ts';
import { validateCreate, validateUpdate } from './validate.ts';
import { warningsFor } from './warnings.ts';

/** How deep objects nest: a pod, its spec, a container, its probe. */
const DEPTH = 4;
const text = fc.constantFrom('', 'a', 'x.io/a', 'Always', 'Exists', '..', '/a/../b', 'A B', 'ä\u0000');
const scalars: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  bool: fc.boolean(),
  int32: fc.constantFrom(-1, 0, 1, 80, 99_999),
  int64: fc.constantFrom(-1, 0, 1, 2 ** 40),
  double: fc.double(),
  time: fc.constantFrom('2026-01-01T00:00:00Z', null),
  microTime: fc.constant('2026-01-01T00:00:00.000000Z'),
  duration: fc.constant('1m0s'),
  quantity: fc.constantFrom('0', '1', '100m', '-1', '1Gi', '9223372036854775807'),
  intOrString: fc.constantFrom(0, 80, 'http', '25%'),
  bytes: fc.constantFrom('', 'AA==', 'e30='),
};

/** Any object that decoding could let through: fields of the right type, any of them missing. */
function objectOf(plan: TypePlan, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const fields = plan.fields.filter((field) => depth > 0 || field.type === undefined);
  const model: Record<string, fc.Arbitrary<unknown>> = Object.fromEntries(fields.map((field) => [field.name, fieldOf(field, depth - 1)]));
  return fc.record(model, { requiredKeys: [] });
}

function fieldOf(field: FieldPlan, depth: number): fc.Arbitrary<unknown> {
  const one = field.type === undefined ? (scalars[field.scalar ?? ''] ?? text) : objectOf(field.type, depth);
  if (field.shape === 'list') return fc.array(one, { maxLength: 2 });
  return field.shape === 'map' ? fc.dictionary(text, one, { maxKeys: 2 }) : one;
}

const stored = new Set([
  'pods',
  'services',
  'nodes',
  'secrets',
  'configmaps',
  'events',
  'deployments',
  'jobs',
  'cronjobs',
  'roles',
  'rolebindings',
  'leases',
  'namespaces',
]);

describe('whatever a client sends', () => {
  it.each(resourceDefinitions.filter((of) => stored.has(of.resource)))(
    '$resource $group is judged, printed and defaulted without a fault',
    (of) => {
      const arbitrary = objectOf(typePlan(of.type), DEPTH);
      fc.assert(
        fc.property(arbitrary, arbitrary, (object, other) => {
          applyDefaults(of.type, object);
          const once = structuredClone(object);
          applyDefaults(of.type, object);
          expect(object).toEqual(once);
          prepareForCreate(of, object);
          validateCreate(of, object);
          warningsFor(of, object);
          const before = normalize(of.type, object);
          applyDefaults(of.type, other);
          prepareForUpdate(of, other, before);
          validateUpdate(of, other, before);
          selectableFields(of, before);
          expect(JSON.stringify(toTable(of, [before, other], { now: 0 }))).toContain('Table');
        }),
        { numRuns: 25 },
      );
    },
  );
});
