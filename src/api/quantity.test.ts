import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  isQuantity,
  parseQuantity,
  quantityMilli,
  quantityOf,
  quantityOfMilli,
  quantityValue,
  subtractQuantities,
} from './quantity.ts';

describe('quantity', () => {
  it.each([
    ['0', '0'],
    ['-0', '0'],
    ['1000m', '1'],
    ['0.5', '500m'],
    ['1.5', '1500m'],
    ['1024Mi', '1Gi'],
    ['1.5Gi', '1536Mi'],
    ['1000Ki', '1000Ki'],
    ['1000', '1k'],
    ['1500', '1500'],
    ['100k', '100k'],
    ['123456789', '123456789'],
    ['1e3', '1e3'],
    ['12e6', '12e6'],
    ['1E3', '1e3'],
    ['1E', '1E'],
    ['100m', '100m'],
    ['1u', '1u'],
    ['0.1n', '1n'],
    ['1000000000000000000000', '9223372036854775807'],
    ['9223372036854775808', '9223372036854775807'],
    ['512', '512'],
    ['1Ki', '1Ki'],
    ['0.5Ki', '512'],
    ['1023Ki', '1023Ki'],
    ['+5', '5'],
    ['-2Gi', '-2Gi'],
    ['.5', '500m'],
    ['5.', '5'],
    [' 5 ', '5'],
  ])('prints %s as %s', (text, canonical) => {
    expect(formatQuantity(text)).toBe(canonical);
  });

  it('reads a number of JSON', () => {
    expect(formatQuantity(parseQuantity(0.25))).toBe('250m');
    expect(formatQuantity(1e21)).toBe('9223372036854775807');
  });

  it.each([
    ['lots', "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
    ['', "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
    ['1 Gi', "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
    ['1.2.3', "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
    ['1GG', "unable to parse quantity's suffix"],
    ['1i', "unable to parse quantity's suffix"],
    ['Gi', 'unable to parse numeric part of quantity'],
    ['9'.repeat(5000), "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
  ])('refuses %j', (text, message) => {
    expect(() => parseQuantity(text)).toThrow(message);
    expect(isQuantity(text)).toBe(false);
  });

  it('does not choke on a huge exponent', () => {
    expect(formatQuantity('1e999999999')).toBe('9223372036854775807e0'.replace('e0', ''));
    expect(quantityMilli('1e-999999999')).toBe(1);
  });

  it('rounds values up, away from zero', () => {
    expect(quantityValue('100m')).toBe(1);
    expect(quantityValue('-100m')).toBe(-1);
    expect(quantityValue('1.5Gi')).toBe(1610612736);
    expect(quantityMilli('0.0001')).toBe(1);
    expect(quantityMilli('2')).toBe(2000);
  });

  it('compares, adds and subtracts by amount', () => {
    expect(compareQuantities('1000m', '1')).toBe(0);
    expect(compareQuantities('1Gi', '1G')).toBe(1);
    expect(formatQuantity(addQuantities('500m', '1'))).toBe('1500m');
    expect(formatQuantity(addQuantities('0', '1Gi'))).toBe('1Gi');
    expect(formatQuantity(subtractQuantities('1Gi', '1Mi'))).toBe('1023Mi');
    expect(formatQuantity(quantityOf(2048, 'BinarySI'))).toBe('2Ki');
    expect(formatQuantity(quantityOfMilli(1500))).toBe('1500m');
  });

  it('prints a canonical text that reads back as the same amount and prints the same', () => {
    const suffix = fc.constantFrom('', 'm', 'u', 'n', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e3', 'e-3');
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.nat(999), suffix, (whole, fraction, unit) => {
        const quantity = parseQuantity(`${whole}.${fraction}${unit}`);
        const text = formatQuantity(quantity);
        expect(compareQuantities(text, quantity)).toBe(0);
        expect(formatQuantity(text)).toBe(text);
      }),
    );
  });

  it('refuses or reads any text, and never anything else', () => {
    fc.assert(fc.property(fc.string(), (text) => isQuantity(text) === isQuantity(text)));
  });
});
