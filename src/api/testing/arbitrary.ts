/** Random objects of an API type, for property tests. */
import * as fc from 'fast-check';
import type { FieldPlan, TypePlan } from '../schema/plan.ts';
import { typePlan } from '../schema/plan.ts';
import type { Scalar } from '../schema/record.ts';
import type { TypeName } from '../schema/schema.ts';

const text = fc.string({ maxLength: 6 });
const time = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`);

const SCALARS: Readonly<Record<Scalar, fc.Arbitrary<unknown>>> = {
  string: text,
  bool: fc.boolean(),
  int32: fc.integer(),
  int64: fc.maxSafeInteger(),
  double: fc.double({ noNaN: true, noDefaultInfinity: true }).map((d) => (Object.is(d, -0) ? 0 : d)),
  bytes: fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  time,
  microTime: time.map((t) => `${t.slice(0, -1)}.123456Z`),
  duration: fc.integer({ min: 1, max: 59 }).map((s) => `${s}s`),
  quantity: fc.constantFrom('1', '100m', '64Mi', '2Gi', '5k', '999'),
  intOrString: fc.oneof(fc.integer({ min: 1, max: 65535 }), text),
  raw: fc.dictionary(fc.constantFrom('kind', 'a', 'b'), text),
  fieldsV1: fc.constant({ 'f:data': { '.': {}, 'f:a': {} } }),
  json: fc.constant({ any: ['thing'] }),
  extraValue: fc.array(text, { minLength: 1, maxLength: 2 }),
  verbs: fc.array(text, { minLength: 1, maxLength: 2 }),
};

function value(field: FieldPlan, depth: number): fc.Arbitrary<unknown> {
  const one = field.type === undefined ? SCALARS[field.scalar ?? 'string'] : object(field.type, depth - 1);
  if (field.shape === 'list') return fc.array(one, { maxLength: 2 });
  return field.shape === 'map' ? fc.dictionary(text, one, { maxKeys: 2 }) : one;
}

function object(plan: TypePlan, depth: number): fc.Arbitrary<Record<string, unknown>> {
  if (depth <= 0) return fc.constant({});
  // A few fields at a time: whole objects would be huge and slow to shrink.
  return fc
    .subarray([...plan.fields], { maxLength: Math.min(4, plan.fields.length) })
    .chain((fields) => fc.record(Object.fromEntries(fields.map((field) => [field.name, value(field, depth)])), { noNullPrototype: true }));
}

/** Objects of the type, some of their fields set, nested to a depth. */
export const objectsOf = (type: TypeName, depth = 5): fc.Arbitrary<Record<string, unknown>> => object(typePlan(type), depth);
