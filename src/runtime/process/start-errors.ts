import { RuntimeError } from '../runtime.ts';
import type { ScriptVerdict } from './processes.ts';

/** Exit code of a container whose command could not be started (containerd `container_start.go`). */
export const START_ERROR_CODE = 128;

/** Why a command did not start, in runc's words; `failed` is a failure of the runtime itself. */
export function execFailure(verdict: ScriptVerdict, command: string): string {
  const quoted = `exec: ${JSON.stringify(command)}`;
  switch (verdict.mark) {
    case 'missing':
      return `unable to start container process: ${quoted}: stat ${command}: no such file or directory: unknown`;
    case 'notInPath':
      return `unable to start container process: ${quoted}: executable file not found in $PATH: unknown`;
    case 'denied':
      return `unable to start container process: ${quoted}: permission denied: unknown`;
    default:
      return `unable to start container process: ${verdict.text || 'the start script ended early'}: unknown`;
  }
}

/** The error of StartContainer. */
export function startError(verdict: ScriptVerdict, command: string): RuntimeError {
  return new RuntimeError('unknown', `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: ${execFailure(verdict, command)}`);
}

/** The error of Exec and ExecSync; `execId` is 64 hex digits. */
export function execError(verdict: ScriptVerdict, command: string, execId: string): RuntimeError {
  return new RuntimeError('unknown', `failed to exec in container: failed to start exec "${execId}": OCI runtime exec failed: exec failed: ${execFailure(verdict, command)}`);
}
