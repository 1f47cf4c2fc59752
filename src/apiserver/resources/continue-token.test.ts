import { assert, base64String, integer, json, oneof, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StatusError } from '../../api/status.ts';
import { decodeContinue, encodeContinue } from './continue-token.ts';

describe('continue tokens', () => {
  it('carry any place', () => {
    assert(
      property(integer({ min: 1 }), string({ minLength: 1 }), (revision, after) => {
        expect(decodeContinue(encodeContinue({ revision, after }))).toEqual({ revision, after });
      }),
    );
  });

  it('are refused with a 400, whatever a client makes up', () => {
    assert(
      property(
        oneof(
          string(),
          base64String(),
          json().map((text) => Buffer.from(text).toString('base64url')),
        ),
        (text) => {
          try {
            decodeContinue(text);
          } catch (error) {
            expect(error instanceof StatusError && error.status.code).toBe(400);
          }
        },
      ),
    );
  });
});
