import { crc32 } from 'node:zlib';
import { StoreError } from './errors.ts';

const CHECKSUM_BYTES = 4;

/** What is stored under a key: a checksum over key and text, then the text. */
export function encodeValue(key: string, text: string): Buffer {
  const size = Buffer.byteLength(text);
  const value = Buffer.allocUnsafe(CHECKSUM_BYTES + size);
  value.write(text, CHECKSUM_BYTES);
  value.writeUInt32BE(checksum(key, value.subarray(CHECKSUM_BYTES)), 0);
  return value;
}

/** The text stored under a key. Throws a StoreError when a bit of it is not what was written, or when it was written under another key. */
export function decodeValue(key: string, value: Buffer): string {
  const text = value.subarray(CHECKSUM_BYTES);
  if (value.length < CHECKSUM_BYTES || value.readUInt32BE(0) !== checksum(key, text)) {
    throw new StoreError(`the stored value of ${key} is damaged: its checksum does not match`);
  }
  return text.toString('utf8');
}

function checksum(key: string, bytes: Uint8Array): number {
  return crc32(bytes, crc32(key));
}
