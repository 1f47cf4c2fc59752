import { RuntimeError } from '../runtime.ts';
import type { ScriptVerdict } from './processes.ts';
import { TOOLS_IN_CONTAINER } from './scripts.ts';

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

/** A container keeps the helpers of the nodelet that started it; what a newer one asks for may not be among them. */
function inAnotherVersion(verdict: ScriptVerdict): ScriptVerdict {
  if (verdict.mark !== 'none' || !verdict.text.includes(`${TOOLS_IN_CONTAINER}/`)) return verdict;
  return { ...verdict, text: `${verdict.text} (the container was started by another version of nodelet: restart its pod)` };
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
    `failed to exec in container: failed to start exec "${execId}": OCI runtime exec failed: exec failed: ${execFailure(inAnotherVersion(verdict), command)}`,
  );
}
