import { Writable } from 'node:stream';

/** Bytes of one frame or message, as Go's io.Copy makes them. */
const MAX_PART = 32_768;

/**
 * An output of a command: bytes go out part by part, one at a time, so that at most the stream's own buffer waits for a
 * slow client. `send` resolves when the next part may follow, and drops bytes once the client is gone.
 */
export function createOutput(send: (part: Buffer) => Promise<void>, finish: () => Promise<void> = () => Promise.resolve()): Writable {
  const sendAll = async (chunk: Buffer, callback: () => void): Promise<void> => {
    for (let at = 0; at < chunk.length; at += MAX_PART) await send(chunk.subarray(at, at + MAX_PART));
    callback();
  };
  const end = async (callback: () => void): Promise<void> => {
    await finish();
    callback();
  };
  return new Writable({
    highWaterMark: 2 * MAX_PART,
    decodeStrings: true,
    write: (chunk: Buffer, _encoding, callback) => void sendAll(chunk, callback),
    final: (callback) => void end(callback),
  });
}

/** Ends an output if its writer did not, and resolves when its last byte has been sent or dropped. */
export function flushed(output: Writable | null): Promise<void> {
  if (output === null || output.writableFinished || output.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    output
      .once('finish', resolve)
      .once('close', resolve)
      .once('error', () => resolve());
    if (!output.writableEnded) output.end();
  });
}
