import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, DecodeError, readTypeMeta } from './decode.ts';
import { MAX_STRICT_ERRORS } from './json.ts';
import { normalize } from './normalize.ts';

const pod = (spec: object): unknown => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec });

describe('decode', () => {
  it('names unknown fields with their paths and drops them', () => {
    const value = pod({ bogus: 1, containers: [{ name: 'c', foo: 1, env: [{ name: 'A' }, { nope: 1 }] }], nodeSelector: { any: 'key' } });
    const { object, unknown } = decode('core/v1.Pod', value);
    expect(unknown).toEqual(['spec.bogus', 'spec.containers[0].foo', 'spec.containers[0].env[1].nope']);
    expect(object).toEqual(pod({ containers: [{ name: 'c', env: [{ name: 'A' }, {}] }], nodeSelector: { any: 'key' } }));
  });

  it('takes field names as they are written, with their case', () => {
    expect(decode('core/v1.Pod', { Metadata: {}, metaData: {} }).unknown).toEqual(['Metadata', 'metaData']);
  });

  it('drops nulls, and reads null elements as zero values', () => {
    expect(decode('core/v1.ConfigMap', { data: { a: null }, binaryData: null }).object).toEqual({ data: { a: '' } });
    expect(decode('core/v1.Pod', pod({ containers: [null] })).object).toEqual(pod({ containers: [{}] }));
  });

  it('stops naming unknown fields at the limit', () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`x${i}`, i]));
    expect(decode('core/v1.Pod', many).unknown).toHaveLength(MAX_STRICT_ERRORS);
  });

  it('reads inlined fields in the place of their parent', () => {
    const spec = {
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [{ name: 'c', livenessProbe: { exec: { command: ['x'] }, periodSeconds: 1 } }],
    };
    expect(decode('core/v1.Pod', pod(spec))).toEqual({ object: pod(spec), unknown: [] });
  });

  it.each<[string, unknown, string]>([
    ['a list for an object', [], 'json: cannot unmarshal array into Go value of type v1.Pod'],
    [
      'a string for a list',
      pod({ containers: 'x' }),
      'json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    [
      'a string for a number',
      pod({ terminationGracePeriodSeconds: '1' }),
      'json: cannot unmarshal string into Go struct field PodSpec.spec.terminationGracePeriodSeconds of type int64',
    ],
    [
      'a fraction for an integer',
      pod({ priority: 1.5 }),
      'json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.priority of type int32',
    ],
    [
      'too big a number',
      pod({ priority: 3000000000 }),
      'json: cannot unmarshal number 3000000000 into Go struct field PodSpec.spec.priority of type int32',
    ],
    [
      'a number for a named string',
      pod({ restartPolicy: 5 }),
      'json: cannot unmarshal number into Go struct field PodSpec.spec.restartPolicy of type v1.RestartPolicy',
    ],
    [
      'a number in a list',
      pod({ containers: [{ name: 1 }] }),
      'json: cannot unmarshal number into Go struct field Container.spec.containers.name of type string',
    ],
    [
      'a number as a command',
      pod({ containers: [{ command: [1] }] }),
      'json: cannot unmarshal number into Go struct field Container.spec.containers.command of type string',
    ],
    [
      'an object for a bool',
      pod({ hostNetwork: {} }),
      'json: cannot unmarshal object into Go struct field PodSpec.spec.hostNetwork of type bool',
    ],
    [
      'a list for an inner object',
      pod({ securityContext: [] }),
      'json: cannot unmarshal array into Go struct field PodSpec.spec.securityContext of type v1.PodSecurityContext',
    ],
    [
      'a bad quantity',
      pod({ containers: [{ resources: { limits: { cpu: 'many' } } }] }),
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    ['a bad time', { metadata: { creationTimestamp: 'x' } }, 'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"'],
    ['a number for a time', { metadata: { creationTimestamp: 1 } }, 'json: cannot unmarshal number into Go value of type string'],
    [
      'a bool for a port',
      pod({ containers: [{ livenessProbe: { httpGet: { port: true } } }] }),
      'json: cannot unmarshal bool into Go value of type int32',
    ],
  ])('refuses %s in the words of Go', (_, value, message) => {
    expect(() => decode('core/v1.Pod', value)).toThrow(new DecodeError(message));
  });

  it.each([
    ['***', 0],
    ['aGVsbG8*', 7],
    ['aGVsbG8', 4],
    ['a===', 1],
    ['aG=x', 2],
    ['aG==aaaa', 4],
    ['aG=', 3],
  ])('says where base64 %s goes wrong', (text, at) => {
    expect(() => decode('core/v1.Secret', { data: { a: text } })).toThrow(new DecodeError(`illegal base64 data at input byte ${at}`));
  });

  it('refuses a number as configmap data as the original does', () => {
    const message = 'json: cannot unmarshal number into Go struct field ConfigMap.data of type string';
    expect(() => decode('core/v1.ConfigMap', { data: { a: 1 } })).toThrow(new DecodeError(message));
  });

  it('stores quantities, times, durations and base64 in their canonical form', () => {
    const limits = { cpu: 0.5, memory: '1024Mi', pods: 3 };
    expect(decode('core/v1.Pod', pod({ containers: [{ resources: { limits } }] })).object['spec']).toEqual({
      containers: [{ resources: { limits: { cpu: '500m', memory: '1Gi', pods: '3' } } }],
    });
    expect(decode('meta/v1.ObjectMeta', { creationTimestamp: '2026-01-02T03:04:05.678+01:00' }).object).toEqual({
      creationTimestamp: '2026-01-02T02:04:05Z',
    });
    expect(decode('core/v1.Event', { eventTime: '2026-01-02T03:04:05.678901Z' }).object).toEqual({
      eventTime: '2026-01-02T03:04:05.678901Z',
    });
    expect(() => decode('core/v1.Event', { eventTime: '2026-01-02T03:04:05Z' })).toThrow('cannot parse "Z" as ".000000"');
    expect(decode('core/v1.Secret', { data: { a: 'aGVs\nbG8=' } }).object).toEqual({ data: { a: 'aGVsbG8=' } });
    expect(decode('kubelet.config.k8s.io/v1beta1.KubeletConfiguration', { syncFrequency: '90s' }).object).toEqual({
      syncFrequency: '1m30s',
    });
  });

  it('either reads any JSON value or throws DecodeError', () => {
    const names = fc.constantFrom(
      'metadata',
      'spec',
      'status',
      'containers',
      'name',
      'labels',
      'volumes',
      'resources',
      'limits',
      'env',
      '__proto__',
      'constructor',
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 6 }, fc.jsonValue(), fc.dictionary(names, tie('tree')), fc.array(tie('tree'), { maxLength: 3 })),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        try {
          const { object } = decode('core/v1.Pod', value);
          const once = normalize('core/v1.Pod', object);
          expect(normalize('core/v1.Pod', decode('core/v1.Pod', once).object)).toEqual(once);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('readTypeMeta', () => {
  it('refuses what is no object as the original does', () => {
    const type = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
    expect(() => readTypeMeta([])).toThrow(new DecodeError(`json: cannot unmarshal array into Go value of type ${type}`));
    expect(readTypeMeta({ kind: 'Pod' })).toEqual({ apiVersion: '', kind: 'Pod' });
  });
});
