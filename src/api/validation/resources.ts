/** Requests and limits of containers and pods (`pkg/apis/core/validation/validation.go`, container resources). */
import { forbiddenField, invalidValue, required } from '../field-errors.ts';
import type { FieldError } from '../field-errors.ts';
import { qualifiedName } from '../names.ts';
import { compareQuantities, quantityNanos } from '../quantity.ts';
import type { Loose, ResourceRequirements } from '../types.ts';

const STANDARD: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);
type Amounts = Readonly<Record<string, string | undefined>>;

const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
/** Kubernetes' own resources may be promised more than once; those of others may not. */
const isNative = (name: string): boolean => !name.includes('/') || name.split('/', 1)[0]?.endsWith('kubernetes.io') === true;

function validateName(errors: FieldError[], path: string, name: string): void {
  const faults = qualifiedName(name);
  for (const fault of faults) errors.push(invalidValue(path, name, fault));
  if (faults.length === 0 && !name.includes('/') && !STANDARD.has(name) && !isHugePages(name)) {
    errors.push(invalidValue(path, name, 'must be a standard resource for containers'));
  }
}

/** Pushes what is wrong with one amount of a named resource. */
export function validateAmount(errors: FieldError[], path: string, name: string, amount: string): void {
  const nanos = quantityNanos(amount);
  if (nanos < 0n) errors.push(invalidValue(path, amount, 'must be greater than or equal to 0'));
  const whole = name.includes('/') && !isNative(name);
  if (whole && nanos % 1_000_000_000n !== 0n) errors.push(invalidValue(path, amount, 'must be an integer'));
}

function validateAmounts(errors: FieldError[], path: string, amounts: Amounts): void {
  for (const [name, amount = '0'] of Object.entries(amounts)) {
    validateName(errors, `${path}[${name}]`, name);
    validateAmount(errors, `${path}[${name}]`, name, amount);
  }
}

export function validateResources(errors: FieldError[], path: string, resources: Loose<ResourceRequirements> | undefined): void {
  const limits: Amounts = resources?.limits ?? {};
  const requests: Amounts = resources?.requests ?? {};
  validateAmounts(errors, `${path}.limits`, limits);
  for (const [name, amount = '0'] of Object.entries(requests)) {
    validateName(errors, `${path}.requests[${name}]`, name);
    validateAmount(errors, `${path}.requests[${name}]`, name, amount);
    const limit = limits[name];
    const fixed = !isNative(name) || isHugePages(name);
    if (limit === undefined) {
      if (fixed) errors.push(required(`${path}.limits`, 'Limit must be set for non overcommitable resources'));
    } else if (fixed && compareQuantities(amount, limit) !== 0) {
      errors.push(invalidValue(`${path}.requests`, amount, `must be equal to ${name} limit of ${limit}`));
    } else if (compareQuantities(amount, limit) > 0) {
      errors.push(invalidValue(`${path}.requests`, amount, `must be less than or equal to ${name} limit of ${limit}`));
    }
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory'))
    errors.push(forbiddenField(path, 'HugePages require cpu or memory'));
}
