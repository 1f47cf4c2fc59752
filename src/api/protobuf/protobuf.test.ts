import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalize } from '../normalize.ts';
import {
  decodeEnvelope,
  decodeProtobuf,
  decodeProtobufList,
  encodeEnvelope,
  encodeProtobuf,
  encodeProtobufList,
  ProtobufError,
} from '../protobuf.ts';
import type { TypeName } from '../schema/schema.ts';
import { objectsOf } from '../testing/arbitrary.ts';

/** A pod as a Go client sends it, zero values and all. */
const GO_POD =
  'azhzAAoJCgJ2MRIDUG9kEq0BCiEKAXASABoAIgAqADIAOABCCAiA8tbKBhAAWgYKAWESAWIScxJTCgFjEgFpKgAyCgoAEAAYUCIAKgBCDAoKCgNjcHUSAwoBMVIfChMSEQoAEgkIARAAGgN3ZWIaACIAEAAYACAAKAAwAGoAcgCAAQCIAQCQAQCiAQAaACAAMgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQAaEwoAGgAiACoAMgBKAFoAcgCIAQAaACIA';

/** A ConfigMap as the original sends it. */
const GO_CONFIGMAP =
  'azhzAAoPCgJ2MRIJQ29uZmlnTWFwEqABCpUBCgJ3MhIAGgZnb2xkZW4iACokYzZlMTY4YzMtZWRiMi00OWU2LWE3ZTYtZGMwZWJmMTVkMGM5MgQ4MzIyOABCCAjc5oXYBhAAigFKCgZnb2xkZW4SBlVwZGF0ZRoCdjEiCAjc5oXYBhAAMghGaWVsZHNWMToeChx7ImY6ZGF0YSI6eyIuIjp7fSwiZjphIjp7fX19QgASBgoBYRIBMhoAIgA=';

describe('protobuf', () => {
  it.each([
    ['Pod', GO_POD],
    ['ConfigMap', GO_CONFIGMAP],
  ] as const)('writes a %s byte for byte as Go does, zero values and all', (kind, bytes) => {
    const { raw } = decodeEnvelope(Buffer.from(bytes, 'base64'));
    const object = decodeProtobuf(`core/v1.${kind}`, raw);
    expect(encodeEnvelope({ group: '', version: 'v1', kind }, `core/v1.${kind}`, object).toString('base64')).toBe(bytes);
  });

  it('reads what a Go client sends and drops the zero values that mean absence', () => {
    const { apiVersion, kind, raw } = decodeEnvelope(Buffer.from(GO_POD, 'base64'));
    expect([apiVersion, kind]).toEqual(['v1', 'Pod']);
    expect(normalize('core/v1.Pod', decodeProtobuf('core/v1.Pod', raw))).toEqual({
      metadata: { name: 'p', creationTimestamp: '2026-01-01T00:00:00Z', labels: { a: 'b' } },
      spec: {
        containers: [
          {
            name: 'c',
            image: 'i',
            ports: [{ containerPort: 80 }],
            resources: { limits: { cpu: '1' } },
            livenessProbe: { httpGet: { port: 'web' } },
          },
        ],
        terminationGracePeriodSeconds: 0,
      },
      status: {},
    });
  });

  it.each<TypeName>([
    'core/v1.Pod',
    'core/v1.Node',
    'core/v1.Secret',
    'core/v1.Event',
    'apps/v1.Deployment',
    'batch/v1.CronJob',
    'coordination/v1.Lease',
    'authentication/v1.TokenReview',
    'authorization/v1.SubjectAccessReview',
    'meta/v1.DeleteOptions',
    'meta/v1.Status',
    'networking/v1.Ingress',
  ])('keeps every %s through writing and reading', (type) => {
    fc.assert(
      fc.property(objectsOf(type), (object) => {
        expect(normalize(type, decodeProtobuf(type, encodeProtobuf(type, object)))).toEqual(normalize(type, object));
      }),
      { numRuns: 60 },
    );
  });

  it('keeps lists and negative and large numbers', () => {
    const list = {
      metadata: { resourceVersion: '7' },
      items: [{ metadata: { name: 'a' }, spec: { priority: -5 } }, { metadata: { generation: 2 ** 50 } }],
    };
    expect(decodeProtobufList('core/v1.Pod', encodeProtobufList('core/v1.Pod', list))).toEqual(list);
  });

  it('writes an envelope that it can read', () => {
    const bytes = encodeEnvelope({ group: 'apps', version: 'v1', kind: 'Deployment' }, 'apps/v1.Deployment', { metadata: { name: 'd' } });
    const { apiVersion, kind, raw } = decodeEnvelope(bytes);
    expect([apiVersion, kind, decodeProtobuf('apps/v1.Deployment', raw)]).toEqual(['apps/v1', 'Deployment', { metadata: { name: 'd' } }]);
  });

  it('says of other bytes what the original says', () => {
    const message = 'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]';
    expect(() => decodeEnvelope(Buffer.from('{}'))).toThrow(new ProtobufError(message));
  });

  it('refuses a message that is cut off anywhere, or reads the part', () => {
    const { raw } = decodeEnvelope(Buffer.from(GO_POD, 'base64'));
    for (let length = 0; length < raw.length; length++) {
      try {
        decodeProtobuf('core/v1.Pod', raw.subarray(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(ProtobufError);
      }
    }
  });

  it('throws nothing but ProtobufError for hostile bytes', () => {
    const good = Buffer.from(GO_POD, 'base64');
    const flipped = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 }).map((changes) => {
      const copy = Buffer.from(good);
      for (const [at, value] of changes) copy[at] = value;
      return copy;
    });
    fc.assert(
      fc.property(
        fc.oneof(
          flipped,
          fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.concat([good.subarray(0, 4), bytes])),
        ),
        (bytes) => {
          try {
            decodeProtobuf('core/v1.Pod', decodeEnvelope(bytes).raw);
          } catch (error) {
            expect(error).toBeInstanceOf(ProtobufError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('refuses messages nested without end, long varints and lengths beyond the end', () => {
    let nested = Buffer.alloc(0);
    for (let i = 0; i < 150; i++) nested = Buffer.concat([Buffer.from([0xe2, 0x01, ...varint(nested.length)]), nested]);
    expect(() => decodeProtobuf('apiextensions/v1.JSONSchemaProps', nested)).toThrow(ProtobufError);
    expect(() => decodeProtobuf('core/v1.Pod', Buffer.alloc(12, 0xff))).toThrow('integer overflow');
    expect(() => decodeProtobuf('core/v1.Pod', Buffer.from([0x0a, 0x7f]))).toThrow('unexpected EOF');
  });
});

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
