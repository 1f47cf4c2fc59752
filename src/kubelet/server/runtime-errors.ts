import { RuntimeError, type RuntimeErrorCode } from '../../runtime/runtime.ts';
import { errorText } from '../../util/log.ts';

/** The words of gRPC for the runtime's error codes. */
const GRPC: Readonly<Record<RuntimeErrorCode, string>> = {
  notFound: 'NotFound',
  alreadyExists: 'AlreadyExists',
  invalidArgument: 'InvalidArgument',
  failedPrecondition: 'FailedPrecondition',
  unavailable: 'Unavailable',
  deadlineExceeded: 'DeadlineExceeded',
  unimplemented: 'Unimplemented',
  resourceExhausted: 'ResourceExhausted',
  unknown: 'Unknown',
};

/** A runtime's error as the kubelet writes it into an answer. */
export function grpcText(error: unknown): string {
  return error instanceof RuntimeError ? `rpc error: code = ${GRPC[error.code]} desc = ${error.message}` : errorText(error);
}

/** The status of an answer about a stream that the runtime refused (kubernetes `cri-streaming/errors.go`). */
export function streamingStatus(error: unknown): 404 | 429 | 500 {
  if (!(error instanceof RuntimeError)) return 500;
  return error.code === 'notFound' ? 404 : error.code === 'resourceExhausted' ? 429 : 500;
}
