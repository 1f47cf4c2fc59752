import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalize } from '../normalize.ts';
import { isObject } from '../own.ts';
import type { JsonObject } from '../own.ts';
import { StatusError } from '../status.ts';
import { objectsOf } from '../testing/arbitrary.ts';
import { applyObject } from './apply.ts';
import { compareElements, readFieldSet, writeFieldSet } from './field-set.ts';
import { MAX_UPDATE_MANAGERS } from './managers.ts';
import { typePlan } from '../schema/plan.ts';
import { rootShape } from './typed.ts';
import { typedErrors } from './typed-errors.ts';
import { updateManagedFields } from './update.ts';

const T1 = '2026-01-01T00:00:01Z';
const T2 = '2026-01-01T00:00:02Z';
const configMap = (data?: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name: 'applied', namespace: 'golden', ...metadata },
  ...(data && { data }),
});
const apply = (live: object | undefined, patch: JsonObject, manager: string, force = false, time = T1): JsonObject =>
  applyObject('core/v1.ConfigMap', live, patch, { manager, apiVersion: 'v1', time, force });
const fieldsOf = (object: JsonObject): unknown =>
  (isObject(object['metadata']) && Array.isArray(object['metadata']['managedFields']) ? object['metadata']['managedFields'] : []).map(
    (entry: { manager: string; operation: string; fieldsV1: unknown }) => [entry.manager, entry.operation, entry.fieldsV1],
  );
function statusOf(run: () => unknown): StatusError['status'] {
  try {
    run();
  } catch (error) {
    if (error instanceof StatusError) return error.status;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('applyObject', () => {
  describe('after client-side apply', () => {
    const annotated = (text: string, data: JsonObject): JsonObject =>
      configMap(data, { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': text } });
    const owned = (live: JsonObject): JsonObject => ({
      ...live,
      metadata: {
        ...(isObject(live['metadata']) && live['metadata']),
        managedFields: updateManagedFields('core/v1.ConfigMap', undefined, live, {
          manager: 'kubectl-client-side-apply',
          apiVersion: 'v1',
          time: T1,
        }),
      },
    });
    const lastApplied = JSON.stringify(configMap({ a: '1', b: '1' }));
    const patch = configMap({ a: '2' });

    it('kubectl takes over what it applied and nobody changed', () => {
      expect(apply(owned(annotated(lastApplied, { a: '1', b: '1' })), patch, 'kubectl')).toMatchObject({ data: { a: '2', b: '1' } });
    });

    it.each([
      ['another manager does not', lastApplied, { a: '1' }, 'other'],
      ['not what was changed since', lastApplied, { a: '3' }, 'kubectl'],
      ['not by an annotation of another version', lastApplied.replace('v1', 'v2'), { a: '1' }, 'kubectl'],
      ['not by an annotation that is no JSON', '{', { a: '1' }, 'kubectl'],
      ['not by an annotation that is no object', '[1]', { a: '1' }, 'kubectl'],
      ['not by an annotation with unknown fields', lastApplied.replace('"data"', '"dat"'), { a: '1' }, 'kubectl'],
    ])('%s', (_, text, data, manager) => {
      expect(statusOf(() => apply(owned(annotated(text, data)), patch, manager)).message).toBe(
        'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using v1: .data.a',
      );
    });
  });

  it('plays the recorded conversation of two managers', () => {
    const first = apply(undefined, configMap({ a: '1', b: '1' }), 'alice');
    expect(fieldsOf(first)).toEqual([['alice', 'Apply', { 'f:data': { 'f:a': {}, 'f:b': {} } }]]);

    const conflict = statusOf(() => apply(first, configMap({ a: '2' }), 'bob'));
    expect(conflict).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "alice": .data.a',
      details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "alice"', field: '.data.a' }] },
    });

    const forced = apply(first, configMap({ a: '2' }), 'bob', true, T2);
    expect(forced['data']).toEqual({ a: '2', b: '1' });
    expect(fieldsOf(forced)).toEqual([
      ['alice', 'Apply', { 'f:data': { 'f:b': {} } }],
      ['bob', 'Apply', { 'f:data': { 'f:a': {} } }],
    ]);

    const emptied = apply(forced, configMap({}), 'alice', false, T2);
    expect(emptied['data']).toEqual({ a: '2' });
    expect(fieldsOf(emptied)).toEqual([
      ['alice', 'Apply', { 'f:data': {} }],
      ['bob', 'Apply', { 'f:data': { 'f:a': {} } }],
    ]);
  });

  it('merges ports by number and protocol, the protocol by its default', () => {
    const service = (ports: JsonObject[]): JsonObject => ({ kind: 'Service', apiVersion: 'v1', metadata: { name: 's' }, spec: { ports } });
    const run = (live: object | undefined, ports: JsonObject[], manager: string): JsonObject =>
      applyObject('core/v1.Service', live, service(ports), { manager, apiVersion: 'v1', time: T1 });
    const first = run(
      undefined,
      [
        { port: 443, name: 'b' },
        { port: 80, name: 'a' },
      ],
      'alice',
    );
    const second = run(first, [{ port: 443, protocol: 'TCP', targetPort: 9 }], 'bob');
    expect(second['spec']).toEqual({
      ports: [
        { port: 443, name: 'b', protocol: 'TCP', targetPort: 9 },
        { port: 80, name: 'a', targetPort: 0 },
      ],
    });
    expect(fieldsOf(second)).toEqual([
      [
        'alice',
        'Apply',
        {
          'f:spec': {
            'f:ports': {
              'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {}, 'f:port': {} },
              'k:{"port":443,"protocol":"TCP"}': { '.': {}, 'f:name': {}, 'f:port': {} },
            },
          },
        },
      ],
      [
        'bob',
        'Apply',
        { 'f:spec': { 'f:ports': { 'k:{"port":443,"protocol":"TCP"}': { '.': {}, 'f:port': {}, 'f:protocol': {}, 'f:targetPort': {} } } } },
      ],
    ]);
  });

  it('names several conflicts by manager', () => {
    const live = configMap({ a: '1', b: '1' });
    const managed = {
      ...live,
      metadata: {
        name: 'applied',
        managedFields: updateManagedFields('core/v1.ConfigMap', undefined, live, { manager: 'kubectl', apiVersion: 'v1', time: T1 }),
      },
    };
    expect(statusOf(() => apply(managed, configMap({ a: '2', b: '2' }), 'bob')).message).toBe(
      'Apply failed with 2 conflicts: conflicts with "kubectl" using v1:\n- .data.a\n- .data.b',
    );
  });

  it('gives what was never tracked to before-first-apply', () => {
    const object = apply(configMap({ a: '1' }), configMap({ b: '1' }), 'alice');
    expect(fieldsOf(object)).toEqual([
      ['alice', 'Apply', { 'f:data': { 'f:b': {} } }],
      ['before-first-apply', 'Update', { 'f:data': { '.': {}, 'f:a': {} } }],
    ]);
  });

  it('refuses managedFields in the patch and fields that the type does not have', () => {
    expect(statusOf(() => apply(undefined, configMap({}, { managedFields: [{ manager: 'x' }] }), 'a'))).toMatchObject({
      code: 400,
      message: 'metadata.managedFields must be nil',
    });
    expect(statusOf(() => apply(undefined, { ...configMap({}, { namespace: '' }), nope: 1 }, 'a'))).toMatchObject({
      code: 500,
      message: 'failed to create typed patch object (/applied; /v1, Kind=ConfigMap): .nope: field not declared in schema',
    });
  });

  it.each<[string, JsonObject, string]>([
    ['an element twice', { containers: [{ name: 'a' }, { name: 'a' }] }, '.spec.containers: duplicate entries for key [name="a"]'],
    ['a string for a list', { containers: 'x' }, '.spec.containers: expected list, got &{x}'],
    [
      'an unknown field inside',
      { containers: [{ name: 'a', bogus: 5 }] },
      '.spec.containers[name="a"].bogus: field not declared in schema',
    ],
    [
      'two faults',
      { containers: [null], bogus: 1 },
      'errors:\n  .spec.bogus: field not declared in schema\n  .spec.containers: element 0: associative list with keys may not have a null element',
    ],
  ])('refuses %s', (_, spec, message) => {
    const patch = { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'p', namespace: 'd' }, spec };
    const run = (): unknown => applyObject('core/v1.Pod', undefined, patch, { manager: 'm', apiVersion: 'v1', time: T1 });
    expect(statusOf(run).message).toBe(`failed to create typed patch object (d/p; /v1, Kind=Pod): ${message}`);
  });

  it('changes nothing, times included, when the same is applied again', () => {
    fc.assert(
      fc.property(objectsOf('core/v1.Pod', 4), (object) => {
        const pod = { ...object, kind: 'Pod', apiVersion: 'v1', metadata: { name: 'p' } };
        const before = JSON.stringify(pod);
        const run = (live: object | undefined, time: string): JsonObject =>
          applyObject('core/v1.Pod', live, pod, { manager: 'm', apiVersion: 'v1', time });
        if (typedErrors(rootShape(typePlan('core/v1.Pod')), pod).length > 0) return;
        const once = normalize('core/v1.Pod', run(undefined, T1));
        expect(normalize('core/v1.Pod', run(once, T2))).toEqual(once);
        expect(JSON.stringify(pod)).toBe(before);
      }),
      { numRuns: 60 },
    );
  });
});

describe('updateManagedFields', () => {
  const update = (
    before: object | undefined,
    after: object,
    manager: string,
    time = T1,
    subresource = '',
  ): ReturnType<typeof updateManagedFields> =>
    updateManagedFields('core/v1.Pod', before, after, { manager, apiVersion: 'v1', time, subresource });

  it('records a create as the original does', () => {
    const pod = {
      metadata: { name: 'p', labels: { a: 'b' } },
      spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80 }] }], securityContext: {} },
    };
    expect(update(undefined, pod, 'kubectl')).toEqual([
      {
        manager: 'kubectl',
        operation: 'Update',
        apiVersion: 'v1',
        time: T1,
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
          'f:spec': {
            'f:containers': {
              'k:{"name":"c"}': {
                '.': {},
                'f:image': {},
                'f:name': {},
                'f:ports': { '.': {}, 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
                'f:resources': {},
              },
            },
            'f:securityContext': {},
          },
        },
      },
    ]);
  });

  it('moves a field to who changed it, keeps the time of who changed nothing, and forgets what is gone', () => {
    const one = { metadata: { name: 'p', labels: { a: '1', b: '1', c: '1' } } };
    const first = { metadata: { ...one.metadata, managedFields: update(undefined, one, 'x', T1) } };
    const after = { metadata: { ...first.metadata, labels: { a: '2', b: '1' } } };
    const managed = update(first, after, 'y', T2, 'status');
    expect(managed.map(({ manager, time, subresource, fieldsV1 }) => [manager, time, subresource, fieldsV1])).toEqual([
      ['x', T2, undefined, { 'f:metadata': { 'f:labels': { '.': {}, 'f:b': {} } } }],
      ['y', T2, 'status', { 'f:metadata': { 'f:labels': { 'f:a': {} } } }],
    ]);
    expect(update(after, { metadata: { ...after.metadata, managedFields: managed } }, 'z', '2026-01-01T00:00:09Z')).toEqual(managed);
  });

  it('merges the oldest of too many managers', () => {
    let pod: JsonObject = { metadata: { name: 'p' } };
    for (let i = 0; i < MAX_UPDATE_MANAGERS + 3; i++) {
      const labels = Object.fromEntries(Array.from({ length: i + 1 }, (_, n) => [`l${n}`, 'x']));
      const next = { metadata: { ...(pod['metadata'] as JsonObject), labels } };
      pod = { metadata: { ...next.metadata, managedFields: update(pod, next, `m${i}`, `2026-01-01T00:00:${10 + i}Z`) } };
    }
    const managers = ((pod['metadata'] as JsonObject)['managedFields'] as { manager: string }[]).map(({ manager }) => manager);
    expect(managers).toHaveLength(MAX_UPDATE_MANAGERS + 1);
    expect(managers[0]).toBe('ancient-changes');
  });
});

describe('field sets', () => {
  it('reads and writes fieldsV1', () => {
    const fields = {
      'f:a': { '.': {}, 'f:b': {} },
      'f:list': { 'k:{"port":80}': { '.': {}, 'f:x': {} }, 'k:{"port":443}': {} },
      'f:set': { 'v:"x"': {} },
    };
    expect(JSON.stringify(writeFieldSet(readFieldSet(fields)))).toBe(JSON.stringify(fields));
    expect(compareElements('k:{"port":80}', 'k:{"port":443}')).toBeLessThan(0);
  });

  it('reads anything without failing', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => readFieldSet(value) instanceof Map));
  });
});
