/** One text is measured and written; the other formats are made from it, so that all say the same. */
import type { ExpositionFormat } from './negotiate.ts';
import { encodeOpenMetrics } from './openmetrics.ts';
import { parseText } from './parse-text.ts';
import { encodeProtobuf } from './protobuf.ts';
import { encodePrototext } from './prototext.ts';

/** The bytes of an exposition in a format. */
export function inFormat(text: string, format: ExpositionFormat): Buffer {
  if (format === 'text') return Buffer.from(text);
  const families = parseText(text);
  if (format === 'delimited') return encodeProtobuf(families);
  return Buffer.from(
    format === 'openmetrics' ? encodeOpenMetrics(families) : encodePrototext(families, format === 'prototext' ? 'lines' : 'compact'),
  );
}
