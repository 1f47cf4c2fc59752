/** API objects as protobuf: `application/vnd.kubernetes.protobuf`. */
export { decodeEnvelope, encodeEnvelope, wrapEnvelope } from './protobuf/envelope.ts';
export type { Envelope } from './protobuf/envelope.ts';
export { decodeProtobuf, decodeProtobufList, encodeProtobuf, encodeProtobufList } from './protobuf/protobuf.ts';
export { ProtobufError } from './protobuf/wire.ts';
