import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../own.ts';
import { objectsOf } from '../testing/arbitrary.ts';
import { MAX_JSON_PATCH_OPERATIONS, parsePatch, PatchError, patchFailure } from './errors.ts';
import { applyJsonPatch } from './json-patch.ts';
import { applyMergePatch } from './merge-patch.ts';
import { applyStrategicMergePatch } from './strategic-merge.ts';

function failureOf(run: () => unknown): { code: number; reason: string; message: string } {
  try {
    run();
  } catch (error) {
    const { code, reason, message } = patchFailure(error).status;
    return { code, reason, message };
  }
  throw new Error('nothing was thrown');
}

const REJECTED = { code: 422, reason: 'Invalid', message: 'the server rejected our request due to an error in our request' };

describe('applyJsonPatch', () => {
  const document = { data: { a: '1', 'x/y': '2' }, list: ['a', 'b'] };
  it.each<[string, unknown[], unknown]>([
    ['adds a key', [{ op: 'add', path: '/data/c', value: '3' }], { ...document, data: { ...document.data, c: '3' } }],
    ['adds to a list', [{ op: 'add', path: '/list/1', value: 'x' }], { ...document, list: ['a', 'x', 'b'] }],
    ['appends', [{ op: 'add', path: '/list/-', value: 'x' }], { ...document, list: ['a', 'b', 'x'] }],
    ['removes an escaped key', [{ op: 'remove', path: '/data/x~1y' }], { ...document, data: { a: '1' } }],
    ['removes from the end', [{ op: 'remove', path: '/list/-1' }], { ...document, list: ['a'] }],
    ['replaces', [{ op: 'replace', path: '/data/a', value: null }], { ...document, data: { ...document.data, a: null } }],
    ['moves', [{ op: 'move', from: '/data/a', path: '/a' }], { data: { 'x/y': '2' }, list: ['a', 'b'], a: '1' }],
    ['copies', [{ op: 'copy', from: '/list', path: '/more' }], { ...document, more: ['a', 'b'] }],
    ['tests', [{ op: 'test', path: '/data', value: { 'x/y': '2', a: '1' } }], document],
    ['tests for absence with null', [{ op: 'test', path: '/nope', value: null }], document],
  ])('%s', (_, patch, result) => {
    expect(applyJsonPatch(document, patch)).toEqual(result);
  });

  it.each<[string, unknown[]]>([
    ['a test that fails', [{ op: 'test', path: '/data/a', value: '2' }]],
    ['a key that is not there', [{ op: 'remove', path: '/data/zzz' }]],
    ['an unknown operation', [{ op: 'nope', path: '/data/a' }]],
    ['a parent that is not there', [{ op: 'add', path: '/no/where', value: 1 }]],
    ['an index beyond the end', [{ op: 'add', path: '/list/3', value: 1 }]],
    ['a path without slash', [{ op: 'add', path: 'data', value: 1 }]],
    ['moving into itself', [{ op: 'move', from: '/data', path: '/data/a' }]],
  ])('answers 422 for %s', (_, patch) => {
    expect(failureOf(() => applyJsonPatch(document, patch))).toEqual(REJECTED);
  });

  it('answers 400 for a patch that is no list and 413 for one without end', () => {
    expect(failureOf(() => applyJsonPatch({}, { op: 'x' }))).toEqual({
      code: 400,
      reason: 'BadRequest',
      message: 'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    });
    const many = Array.from({ length: MAX_JSON_PATCH_OPERATIONS + 1 }, () => ({ op: 'test', path: '' }));
    expect(failureOf(() => applyJsonPatch({}, many)).code).toBe(413);
  });

  it('never changes prototypes', () => {
    applyJsonPatch({ a: {} }, [{ op: 'add', path: '/a/__proto__', value: { polluted: true } }]);
    expect(failureOf(() => applyJsonPatch({}, [{ op: 'add', path: '/constructor/prototype/polluted', value: 1 }]))).toEqual(REJECTED);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('leaves the document alone and throws nothing but PatchError', () => {
    const path = fc
      .array(fc.constantFrom('data', 'list', 'a', '0', '-', '-1', '7', ''), { maxLength: 3 })
      .map((parts) => parts.map((p) => `/${p}`).join(''));
    const operation = fc.record({
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
      path,
      from: path,
      value: fc.jsonValue(),
    });
    const before = JSON.stringify(document);
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 4 }), (patch) => {
        try {
          applyJsonPatch(document, patch);
        } catch (error) {
          expect(error).toBeInstanceOf(PatchError);
        }
        expect(JSON.stringify(document)).toBe(before);
      }),
    );
  });
});

describe('applyMergePatch', () => {
  it('merges maps, replaces lists and deletes by null', () => {
    const object = { a: { b: 1, c: 2 }, l: [1, 2], x: 1 };
    expect(applyMergePatch(object, { a: { b: null, d: { e: null, f: 1 } }, l: [3], x: null })).toEqual({
      a: { c: 2, d: { f: 1 } },
      l: [3],
    });
  });

  it('answers as recorded for what is no object', () => {
    expect(failureOf(() => parsePatch('{')).message).toBe('error decoding patch: unexpected end of JSON input');
    expect(failureOf(() => applyMergePatch({}, null)).message).toBe('Invalid JSON Patch');
    expect(failureOf(() => applyMergePatch({}, [])).message).toBe(
      'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    );
  });
});

describe('applyStrategicMergePatch', () => {
  const pod = (spec: JsonObject): JsonObject => ({ metadata: { name: 'p' }, spec });
  const patched = (spec: JsonObject, patch: JsonObject): unknown =>
    applyStrategicMergePatch('core/v1.Pod', pod(spec), { spec: patch })['spec'];
  const two = { containers: [{ name: 'a', image: '1' }, { name: 'b' }] };

  it.each<[string, JsonObject, JsonObject, JsonObject]>([
    [
      'merges containers by name',
      two,
      { containers: [{ name: 'b', image: '2' }] },
      {
        containers: [
          { name: 'a', image: '1' },
          { name: 'b', image: '2' },
        ],
      },
    ],
    ['puts a new element before the others', two, { containers: [{ name: 'c' }] }, { containers: [{ name: 'c' }, ...two.containers] }],
    ['deletes an element', two, { containers: [{ $patch: 'delete', name: 'a' }] }, { containers: [{ name: 'b' }] }],
    ['replaces a list', two, { containers: [{ name: 'z' }, { $patch: 'replace' }] }, { containers: [{ name: 'z' }] }],
    [
      'orders elements',
      two,
      { $setElementOrder: 0, '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] },
      { containers: [{ name: 'b' }, { name: 'a', image: '1' }], $setElementOrder: 0 },
    ],
    ['replaces an atomic list', { tolerations: [{ key: 'a' }] }, { tolerations: [{ key: 'b' }] }, { tolerations: [{ key: 'b' }] }],
    [
      'replaces a map',
      { securityContext: { runAsUser: 1 } },
      { securityContext: { $patch: 'replace', fsGroup: 2 } },
      { securityContext: { fsGroup: 2 } },
    ],
    ['empties a map', { securityContext: { runAsUser: 1 } }, { securityContext: { $patch: 'delete' } }, { securityContext: {} }],
    ['deletes a key', { nodeName: 'x' }, { nodeName: null, hostname: null }, {}],
    [
      'keeps only retained keys',
      { volumes: [{ name: 'v', emptyDir: {} }] },
      { volumes: [{ name: 'v', hostPath: { path: '/x' }, $retainKeys: ['name', 'hostPath'] }] },
      { volumes: [{ name: 'v', hostPath: { path: '/x' } }] },
    ],
    [
      'drops nulls and directives in what is new',
      {},
      { affinity: { podAffinity: null, nodeAffinity: {} }, dnsConfig: { $patch: 'delete' } },
      { affinity: { nodeAffinity: {} } },
    ],
  ])('%s', (_, spec, patch, result) => {
    expect(patched(spec, patch)).toEqual(result);
  });

  it('unites lists of scalars and deletes from them', () => {
    const object = { metadata: { finalizers: ['a', 'b'] } };
    const apply = (metadata: JsonObject): unknown => applyStrategicMergePatch('core/v1.Pod', object, { metadata })['metadata'];
    expect(apply({ finalizers: ['b', 'c'] })).toEqual({ finalizers: ['a', 'b', 'c'] });
    expect(apply({ '$deleteFromPrimitiveList/finalizers': ['a'] })).toEqual({ finalizers: ['b'] });
  });

  it.each<[string, JsonObject, number, string]>([
    ['an element without its key', { containers: [{ image: 'x' }] }, 500, 'map: map[image:x] does not contain declared merge key: name'],
    ['an unknown directive', { containers: [{ name: 'a', $patch: 'x' }] }, 500, 'unknown patch type: x in map: map[$patch:x name:a]'],
    ['keys that are not retained', { $retainKeys: ['a'], nodeName: 'x' }, 400, 'invalid patch format of retainKeys'],
    [
      'an order that contradicts',
      { containers: [{ name: 'a' }], '$setElementOrder/containers': [{ name: 'b' }] },
      400,
      "The order in patch list:\n[map[name:a]]\n doesn't match $setElementOrder list:\n[map[name:b]]\n",
    ],
  ])('refuses %s', (_, patch, code, message) => {
    const failure = failureOf(() => patched(two, patch));
    expect([failure.code, failure.message]).toEqual([code, message]);
  });

  it('merges an object into itself without changing it, and changes neither argument', () => {
    fc.assert(
      fc.property(objectsOf('core/v1.Pod', 4), objectsOf('core/v1.Pod', 4), (object, patch) => {
        const before = JSON.stringify([object, patch]);
        try {
          applyStrategicMergePatch('core/v1.Pod', object, patch);
        } catch (error) {
          expect(error).toBeInstanceOf(PatchError);
        }
        expect(JSON.stringify([object, patch])).toBe(before);
        expect(applyStrategicMergePatch('core/v1.Pod', object, {})).toEqual(object);
      }),
    );
  });
});
