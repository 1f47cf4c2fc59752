/** Text that is put together as bytes: an exposition of megabytes leaves no garbage of its pieces. */
import { goFloat } from './family.ts';

export interface TextBytes {
  add(piece: Uint8Array): void;
  text(piece: string): void;
  /** A number as expositions write it. */
  number(value: number): void;
  /** Where the next piece goes; `cut` takes back what stands from there on. */
  readonly length: () => number;
  cut(length: number): void;
  /** What was written; nothing is added to it afterwards. */
  bytes(): Buffer;
}

/** Bytes that one unit of a string takes at most in UTF-8. */
const MAX_UNIT = 3;
/** Longest number of `goFloat`, and more. */
const MAX_NUMBER = 32;
/** Below this a whole number is digits alone. */
const DIGITS_ALONE = 1e6;

/** Begins with room for `size` bytes; grows. */
export function textBytes(size: number): TextBytes {
  let buffer = Buffer.allocUnsafeSlow(size);
  let end = 0;
  const room = (more: number): void => {
    if (end + more <= buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(end + more, buffer.length * 2));
    buffer.copy(larger, 0, 0, end);
    buffer = larger;
  };
  return {
    add(piece) {
      room(piece.length);
      buffer.set(piece, end);
      end += piece.length;
    },
    text(piece) {
      room(piece.length * MAX_UNIT);
      end += buffer.write(piece, end);
    },
    number(value) {
      room(MAX_NUMBER);
      if (value >= DIGITS_ALONE || value < 0 || !Number.isInteger(value)) {
        end += buffer.write(goFloat(value), end, 'latin1');
        return;
      }
      let digits = 1;
      for (let bound = 10; value >= bound; bound *= 10) digits += 1;
      let rest = value;
      for (let at = end + digits - 1; at >= end; at -= 1) {
        buffer[at] = 48 + (rest % 10);
        rest = Math.floor(rest / 10);
      }
      end += digits;
    },
    length: () => end,
    cut: (length) => void (end = Math.min(end, length)),
    bytes: () => buffer.subarray(0, end),
  };
}
