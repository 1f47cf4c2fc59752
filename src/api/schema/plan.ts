/**
 * The records, made ready for the codecs: inlined fields laid flat, types resolved, Go's names
 * spelled out. Built once when the module loads; nothing here changes afterwards.
 */
import type { FieldRecord, Scalar } from './record.ts';
import { schema, typeRecord } from './schema.ts';
import type { TypeName } from './schema.ts';

/** One field of a type, as JSON shows it. */
export interface FieldPlan {
  readonly name: string;
  readonly record: FieldRecord;
  /** What one value is: a scalar, or undefined when it is an object with a type of its own. */
  readonly scalar: Scalar | undefined;
  /** The type of one value, when it is an object. */
  readonly type: TypePlan | undefined;
  readonly shape: 'one' | 'list' | 'map';
  /** Whether JSON shows the field also when it is empty. */
  readonly written: boolean;
  /** The Go type of the field and of one element, as error texts name them. */
  readonly goType: string;
  readonly goElement: string;
}

/** One type, with the fields of inlined types in their places. */
export interface TypePlan {
  readonly name: string;
  /** The Go name without package: `PodSpec`. */
  readonly goName: string;
  /** Whether objects of this type carry `kind` and `apiVersion`. */
  readonly hasTypeMeta: boolean;
  readonly atomic: boolean;
  /** In Go's order. */
  readonly fields: readonly FieldPlan[];
  readonly byName: ReadonlyMap<string, FieldPlan>;
}

const GO_SCALARS: Readonly<Record<string, string>> = {
  string: 'string',
  bool: 'bool',
  int32: 'int32',
  int64: 'int64',
  double: 'float64',
  bytes: '[]uint8',
  time: 'v1.Time',
  microTime: 'v1.MicroTime',
  duration: 'v1.Duration',
  quantity: 'resource.Quantity',
  intOrString: 'intstr.IntOrString',
  raw: 'runtime.RawExtension',
  fieldsV1: 'v1.FieldsV1',
  json: 'interface {}',
  extraValue: 'v1.ExtraValue',
  verbs: 'v1.Verbs',
};

interface Building extends TypePlan {
  readonly fields: FieldPlan[];
  readonly byName: Map<string, FieldPlan>;
}

/** `core/v1.PodSpec` → `v1.PodSpec`. */
const goNameOf = (type: string): string => GO_SCALARS[type] ?? type.slice(type.lastIndexOf('/') + 1);

function fieldPlan(name: string, record: FieldRecord, type: TypePlan | undefined): FieldPlan {
  const shape = record.list !== undefined ? 'list' : record.map === true ? 'map' : 'one';
  const base = goNameOf(record.type);
  const goType = record.go ?? (shape === 'list' ? `[]${base}` : shape === 'map' ? `map[string]${base}` : base);
  return {
    name,
    record,
    scalar: type === undefined ? scalarOf(record.type) : undefined,
    type,
    shape,
    written: record.written ?? record.required === true,
    goType,
    goElement: shape === 'list' && goType.startsWith('[]') ? goType.slice(2) : shape === 'one' ? goType : base,
  };
}

function scalarOf(type: string): Scalar {
  if (!Object.hasOwn(GO_SCALARS, type)) throw new Error(`schema: no type ${type}`);
  return type as Scalar;
}

function layFlat(into: Building, type: string, plans: ReadonlyMap<string, Building>): void {
  for (const [name, record] of Object.entries(typeRecord(type)?.fields ?? {})) {
    if (record.inline === true) layFlat(into, record.type, plans);
    else {
      const plan = fieldPlan(name, record, plans.get(record.type));
      into.fields.push(plan);
      into.byName.set(name, plan);
    }
  }
}

function buildPlans(): ReadonlyMap<string, TypePlan> {
  const plans = new Map<string, Building>();
  for (const name of Object.keys(schema)) {
    const record = typeRecord(name);
    plans.set(name, {
      name,
      goName: name.slice(name.lastIndexOf('.') + 1),
      hasTypeMeta: record?.gvk !== undefined,
      atomic: record?.atomic === true,
      fields: [],
      byName: new Map(),
    });
  }
  for (const [name, plan] of plans) layFlat(plan, name, plans);
  return plans;
}

const plans = buildPlans();

/** The plan of a type. */
export function typePlan(name: TypeName): TypePlan {
  const plan = plans.get(name);
  if (plan === undefined) throw new Error(`schema: no type ${name}`);
  return plan;
}
