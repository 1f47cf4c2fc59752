import type { FileHandle } from 'node:fs/promises';

/** How much is read at a time from the end. */
const BLOCK = 64 * 1024;
const NEWLINE = 10;

/** Where the last `lines` lines of a file begin, in bytes (cri-client `findTailLineStartIndex`). Only whole lines are counted. */
export async function tailStart(file: FileHandle, lines: number): Promise<number> {
  const { size } = await file.stat();
  const block = Buffer.allocUnsafe(Math.min(BLOCK, size));
  let counted = 0;
  for (let right = size; right > 0; right -= BLOCK) {
    const left = Math.max(0, right - BLOCK);
    const { bytesRead } = await file.read(block, 0, right - left, left);
    for (let at = bytesRead - 1; at >= 0; at--) {
      at = block.lastIndexOf(NEWLINE, at);
      if (at < 0) break;
      counted += 1;
      if (counted > lines) return left + at + 1;
    }
  }
  return 0;
}
