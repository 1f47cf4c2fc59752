import { RuntimeError } from '../runtime.ts';
import type { ScriptVerdict } from './processes.ts';

/** Exit code of a container whose command could not be started (containerd `container_start.go`). */
export const START_ERROR_CODE = 128;

/** Why a command did not start, in runc's words; `failed` is a failure of the runtime itself. */
export function execFailure(verdict: ScriptVerdict, command: string): string {
  const words: Partial<Record<ScriptVerdict['mark'], string>> = {
    missing: `stat ${command}: no such file or directory`,
    notInPath: 'executable file not found in $PATH',
    denied: 'permission denied',
  };
  const found = words[verdict.mark];
  const what = found ? `exec: ${JSON.stringify(command)}: ${found}` : verdict.text || 'the start script ended early';
  return `unable to start container process: ${what}: unknown`;
}

/** The error of StartContainer. */
export function startError(verdict: ScriptVerdict, command: string): RuntimeError {
  return new RuntimeError(
    'unknown',
    `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: ${execFailure(verdict, command)}`,
  );
}

/** The error of Exec and ExecSync; `execId` is 64 hex digits. */
export function execError(verdict: ScriptVerdict, command: string, execId: string): RuntimeError {
  return new RuntimeError(
    'unknown',
    `failed to exec in container: failed to start exec "${execId}": OCI runtime exec failed: exec failed: ${execFailure(verdict, command)}`,
  );
}
