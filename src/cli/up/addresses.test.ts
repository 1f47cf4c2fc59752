import { expect, test } from 'vitest';
import { addressIn } from './addresses.ts';

test.each([
  ['10.96.0.0/16', 1, '10.96.0.1'],
  ['10.96.0.0/16', 10, '10.96.0.10'],
  ['10.96.7.9/24', 1, '10.96.7.1'],
  ['255.255.255.0/24', 255, '255.255.255.255'],
  ['10.0.0.0/8', 65_536, '10.1.0.0'],
])('addressIn(%s, %i)', (range, n, address) => expect(addressIn(range, n)).toBe(address));

test.each(['', '10.96.0.0', '10.96.0.0/33', '10.96.0.300/16', 'fd00::/64', '10.96.0.0/16; reboot'])('%j is refused', (range) => {
  expect(() => addressIn(range, 1)).toThrow('is not an IPv4 range');
});

test('a range that is too small is refused', () => {
  expect(() => addressIn('10.0.0.0/30', 10)).toThrow('has only 4 addresses');
});
