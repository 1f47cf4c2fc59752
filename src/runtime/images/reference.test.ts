import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalizeReference } from './reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('an image reference', () => {
  it.each([
    ['busybox', 'docker.io/library/busybox:latest'],
    ['busybox:1.36', 'docker.io/library/busybox:1.36'],
    ['me/app', 'docker.io/me/app:latest'],
    ['docker.io/busybox', 'docker.io/library/busybox:latest'],
    ['index.docker.io/library/busybox', 'docker.io/library/busybox:latest'],
    ['registry.k8s.io/pause:3.10', 'registry.k8s.io/pause:3.10'],
    ['localhost/x', 'localhost/x:latest'],
    ['localhost:5000/x:y', 'localhost:5000/x:y'],
    ['127.0.0.1:1/none:1', '127.0.0.1:1/none:1'],
    [`busybox@${digest}`, `docker.io/library/busybox@${digest}`],
    [`busybox:1.36@${digest}`, `docker.io/library/busybox@${digest}`],
  ])('%s means %s', (text, full) => {
    expect(normalizeReference(text)).toBe(full);
    expect(normalizeReference(full)).toBe(full);
  });

  it.each([
    '',
    'UPPER/Case:1',
    'a b',
    'x:',
    ':x',
    'x@sha256:zz',
    '../etc',
    'a//b',
    '/a',
    'a/',
    'x:tag:tag',
    `x:${'t'.repeat(129)}`,
    'a'.repeat(300),
  ])('cannot be %j', (text) => {
    expect(normalizeReference(text)).toBeNull();
  });

  it('is stable once it is normal, whatever text comes', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'B', '1', '.', '-', '_', '/', ':', '@', ' ') }), (text) => {
        const normal = normalizeReference(text);
        if (normal !== null) expect(normalizeReference(normal)).toBe(normal);
      }),
    );
  });
});
