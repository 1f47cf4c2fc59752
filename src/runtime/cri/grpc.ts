/** The shared gRPC client as a runtime's: what fails does so in the words of the seam. */
import { GrpcError, type GrpcCode } from '../../net/grpc/codes.ts';
import { openGrpc as open, type GrpcClient } from '../../net/grpc/client.ts';
import { RuntimeError, type RuntimeErrorCode } from '../runtime.ts';

export type { CallOptions, GrpcClient } from '../../net/grpc/client.ts';

/** As the original's client (kubernetes `staging/src/k8s.io/cri-client/pkg/remote_runtime.go`, maxMsgSize). */
const MAX_MESSAGE_BYTES = 16 << 20;

/** Codes that the seam has a word for; all others are `unknown`. */
const WORDS: Partial<Record<GrpcCode, RuntimeErrorCode>> = {
  invalidArgument: 'invalidArgument',
  deadlineExceeded: 'deadlineExceeded',
  notFound: 'notFound',
  alreadyExists: 'alreadyExists',
  resourceExhausted: 'resourceExhausted',
  failedPrecondition: 'failedPrecondition',
  unimplemented: 'unimplemented',
  unavailable: 'unavailable',
};

/** A client whose calls reject with RuntimeErrors: `unavailable` whenever nobody was there to answer. */
export function openGrpc(path: string): GrpcClient {
  const client = open(path, MAX_MESSAGE_BYTES);
  return {
    ...client,
    call: (method, request, options) => client.call(method, request, options).catch(fail),
    follow: (method, request, signal, listener) => client.follow(method, request, signal, listener).catch(fail),
  };
}

function fail(error: unknown): never {
  throw error instanceof GrpcError ? new RuntimeError(WORDS[error.code] ?? 'unknown', error.message, { cause: error.cause }) : error;
}
