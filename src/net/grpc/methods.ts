/** Calls that a gRPC server answers, in messages instead of bytes. */
import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import { GrpcError } from './codes.ts';

type Answer = (request: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>;

/** Answers one call; a request that cannot be read is `internal`, as in Go. */
export function unary<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  handle: (request: MessageShape<I>, signal: AbortSignal) => Promise<MessageInitShape<O>> | MessageInitShape<O>,
): Answer {
  return async (bytes, signal) => {
    let request: MessageShape<I>;
    try {
      request = fromBinary(method.input, bytes);
    } catch (error) {
      throw new GrpcError('internal', `grpc: error unmarshalling request: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
    return toBinary(method.output, create(method.output, await handle(request, signal)));
  };
}
