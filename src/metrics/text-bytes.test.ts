import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goFloat } from './family.ts';
import { textBytes } from './text-bytes.ts';

describe('text put together as bytes', () => {
  it('says the same as text put together as strings, whatever the room at first', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.nat(2e6), fc.uint8Array({ maxLength: 20, max: 127 }))),
        fc.nat(64),
        (pieces, size) => {
          const out = textBytes(size);
          let text = '';
          for (const piece of pieces) {
            if (typeof piece === 'string') out.text(piece);
            else if (typeof piece === 'number') out.number(piece);
            else out.add(piece);
            text += typeof piece === 'string' ? piece : typeof piece === 'number' ? goFloat(piece) : Buffer.from(piece).toString('latin1');
          }
          expect(out.bytes().toString()).toBe(text);
        },
      ),
    );
  });

  it('takes back what is cut', () => {
    const out = textBytes(1);
    out.text('kept');
    const at = out.length();
    out.text(' and not');
    out.cut(at);
    out.number(-0);
    expect(out.bytes().toString()).toBe('kept0');
  });
});
