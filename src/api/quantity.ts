/**
 * Resource quantities: `250m`, `1.5Gi`, `1e3` (apimachinery `pkg/api/resource/quantity.go`).
 * A quantity is exact to a billionth; what is smaller is rounded up, away from zero.
 */

/** How a quantity prints: with `k M G …`, with `Ki Mi Gi …`, or with an exponent. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

/** An exact amount, in billionths, and the family of suffixes it prints with. */
export interface Quantity {
  readonly nanos: bigint;
  readonly format: QuantityFormat;
}

/** Text that is no quantity; the message is the one that API clients see. */
export class QuantityError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'QuantityError';
  }
}

const WRONG_FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const WRONG_SUFFIX = "unable to parse quantity's suffix";
const WRONG_NUMBER = 'unable to parse numeric part of quantity';
/** Longest text that is read: far beyond any real amount, and cheap to parse. */
const MAX_LENGTH = 256;
/** Powers of ten beyond this are cut off: the cap lies at 2^63. */
const MAX_EXPONENT = 64;
const GIGA = 1_000_000_000n;
const MAX_INT64 = (1n << 63n) - 1n;
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'] as const;
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const;
const SHAPE = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*)([-+]?[0-9]*)$/;

/** Reads a quantity from its text, or from the number that JSON may hold. Throws QuantityError. */
export function parseQuantity(text: string | number): Quantity {
  const source = String(text).trim();
  const [whole, sign, digits = '', fraction = '', letters = '', exponent = ''] = (source.length <= MAX_LENGTH && SHAPE.exec(source)) || [];
  if (whole === undefined || source === '') throw new QuantityError(WRONG_FORMAT);
  const { base, power, format } = suffixOf(letters + exponent);
  if (digits === '' && fraction === '') throw new QuantityError(WRONG_NUMBER);
  const mantissa = BigInt(digits + fraction);
  const unit = base === 2 ? 1n << BigInt(power) : 10n ** BigInt(Math.max(power, 0));
  const divisor = 10n ** BigInt(fraction.length + (base === 10 ? Math.max(-power, 0) : 0));
  const nanos = ceilDivide(mantissa * unit * GIGA, divisor);
  // A short decimal number is kept as it is; only what needs arbitrary precision is capped at the largest int64.
  const exact = base === 10 && power <= 18 && digits.length + fraction.length <= 18;
  const bounded = !exact && nanos > MAX_INT64 * GIGA ? MAX_INT64 * GIGA : nanos;
  return { nanos: sign === '-' ? -bounded : bounded, format };
}

function suffixOf(suffix: string): { base: 2 | 10; power: number; format: QuantityFormat } {
  const decimal = DECIMAL.findIndex((s) => s === suffix);
  if (decimal >= 0) return { base: 10, power: (decimal - 3) * 3, format: 'DecimalSI' };
  const binary = BINARY.findIndex((s) => s === suffix);
  if (binary >= 0) return { base: 2, power: binary * 10, format: 'BinarySI' };
  if (!/^[eE][-+]?[0-9]+$/.test(suffix)) throw new QuantityError(WRONG_SUFFIX);
  const power = Math.max(-MAX_EXPONENT, Math.min(MAX_EXPONENT, Number(suffix.slice(1))));
  return { base: 10, power, format: 'DecimalExponent' };
}

/** Whether text (or a JSON number) is a quantity. */
export function isQuantity(value: unknown): value is string | number {
  if (typeof value !== 'string' && typeof value !== 'number') return false;
  try {
    parseQuantity(value);
    return true;
  } catch {
    return false;
  }
}

const ceilDivide = (value: bigint, divisor: bigint): bigint => (value + divisor - 1n) / divisor;
const roundAway = (nanos: bigint, unit: bigint): bigint => (nanos < 0n ? -ceilDivide(-nanos, unit) : ceilDivide(nanos, unit));

/** Anything that the functions below take for an amount. */
export type QuantityLike = Quantity | string | number;
const asQuantity = (q: QuantityLike): Quantity => (typeof q === 'object' ? q : parseQuantity(q));

/** The amount in whole units (cores, bytes, pods), rounded up, as Go's `Value()`. */
export const quantityValue = (q: QuantityLike): number => Number(roundAway(asQuantity(q).nanos, GIGA));
/** The amount in thousandths (millicores), rounded up, as Go's `MilliValue()`. */
export const quantityMilli = (q: QuantityLike): number => Number(roundAway(asQuantity(q).nanos, 1_000_000n));
/** The amount in billionths: exact, for sums that must not round. */
export const quantityNanos = (q: QuantityLike): bigint => asQuantity(q).nanos;

/** -1, 0 or 1, by amount: `1000m` equals `1`. */
export function compareQuantities(a: QuantityLike, b: QuantityLike): -1 | 0 | 1 {
  const difference = asQuantity(a).nanos - asQuantity(b).nanos;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The sum; it prints like the first that is not zero. */
export function addQuantities(a: QuantityLike, b: QuantityLike): Quantity {
  const [left, right] = [asQuantity(a), asQuantity(b)];
  return { nanos: left.nanos + right.nanos, format: left.nanos === 0n ? right.format : left.format };
}

/** The difference `a - b`. */
export function subtractQuantities(a: QuantityLike, b: QuantityLike): Quantity {
  const right = asQuantity(b);
  return addQuantities(a, { nanos: -right.nanos, format: right.format });
}

/** An amount of whole units (bytes, pods). */
export const quantityOf = (value: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity => ({
  nanos: BigInt(value) * GIGA,
  format,
});
/** An amount of thousandths (millicores). */
export const quantityOfMilli = (milli: number | bigint): Quantity => ({ nanos: BigInt(milli) * 1_000_000n, format: 'DecimalSI' });

/** The canonical text: no fraction, the largest suffix that loses nothing (`1000m` → `1`, `1024Mi` → `1Gi`). */
export function formatQuantity(q: QuantityLike): string {
  const { nanos, format } = asQuantity(q);
  if (nanos === 0n) return '0';
  const size = nanos < 0n ? -nanos : nanos;
  const binary = format === 'BinarySI' && size >= 1024n * GIGA && size % GIGA === 0n;
  const sign = nanos < 0n ? '-' : '';
  return sign + (binary ? binaryText(size / GIGA) : decimalText(size, format === 'DecimalExponent'));
}

function binaryText(units: bigint): string {
  let rest = units;
  let step = 0;
  while (step < BINARY.length - 1 && rest % 1024n === 0n) {
    rest /= 1024n;
    step++;
  }
  return `${rest}${BINARY[step] ?? ''}`;
}

function decimalText(nanos: bigint, exponential: boolean): string {
  const most = exponential ? Number.POSITIVE_INFINITY : 18;
  let rest = nanos;
  let power = -9;
  while (rest % 1000n === 0n && power < most) {
    rest /= 1000n;
    power += 3;
  }
  if (exponential) return power === 0 ? `${rest}` : `${rest}e${power}`;
  return `${rest}${DECIMAL[power / 3 + 3] ?? ''}`;
}
