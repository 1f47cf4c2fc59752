/** Sets absent fields as the API does when it reads an object: values by type, then rules, from the object inward. */
import { isObject } from '../own.ts';
import type { JsonObject } from '../own.ts';
import { typePlan } from '../schema/plan.ts';
import type { FieldPlan, TypePlan } from '../schema/plan.ts';
import type { TypeName } from '../schema/schema.ts';
import { defaultRules } from './rules.ts';
import { defaultValues } from './values.ts';

/** Defaults a decoded object, in place. The object must fit its type; fields that the type requires may be missing. */
export function applyDefaults(type: TypeName, object: object): void {
  const target: unknown = object;
  if (isObject(target)) defaultObject(typePlan(type), target);
}

function defaultObject(plan: TypePlan, object: JsonObject): void {
  const values = valuesOf(plan.name);
  for (const field of plan.fields) {
    if (!isAbsent(field, object[field.name])) continue;
    const value = Object.hasOwn(values, field.name) ? values[field.name] : field.record.default;
    // A struct that is no pointer exists in any case; its own defaults may fill it.
    const struct =
      value === undefined && field.shape === 'one' && field.type !== undefined && field.written && field.record.pointer !== true;
    if (value !== undefined) object[field.name] = structuredClone(value);
    else if (struct) object[field.name] = {};
  }
  ruleOf(plan.name)?.(object);
  for (const field of plan.fields) if (field.type !== undefined) defaultField(field.type, field.shape, object[field.name]);
}

function defaultField(type: TypePlan, shape: FieldPlan['shape'], value: unknown): void {
  if (shape === 'list') {
    if (Array.isArray(value)) for (const item of value) if (isObject(item)) defaultObject(type, item);
  } else if (isObject(value)) {
    if (shape === 'one') defaultObject(type, value);
    else for (const item of Object.values(value)) if (isObject(item)) defaultObject(type, item);
  }
}

/** Whether Go sees nothing there: for what is no pointer, the zero value says the same as absence. */
function isAbsent(field: FieldPlan, value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return field.record.pointer !== true && (value === '' || value === 0 || value === false || (Array.isArray(value) && value.length === 0));
}

const valuesOf = (type: string): Readonly<Record<string, unknown>> =>
  Object.hasOwn(defaultValues, type) ? (defaultValues[type as TypeName] ?? {}) : {};

type Rule = (object: JsonObject) => void;
// Each rule is typed by its own type; the walk knows the type by name only.
const ruleOf = (type: string): Rule | undefined =>
  Object.hasOwn(defaultRules, type) ? (defaultRules as Readonly<Record<string, Rule | undefined>>)[type] : undefined;
