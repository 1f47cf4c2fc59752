import { goJson } from '../go-text.ts';

/** Version of the remote command protocol: 1–3 write plain text on the error stream, 4 and 5 a Status. */
export type CommandVersion = 1 | 2 | 3 | 4 | 5;

/** How a conversation ends, in the words that go to the client. */
export type Ending =
  | {
      readonly kind: 'exited';
      readonly code: number;
      /** What follows `command terminated with non-zero exit code: `. */ readonly text: string;
    }
  | { readonly kind: 'failed'; readonly message: string };

/** The bytes of the error stream (kubelet `remotecommand.ServeExec`, `v4WriteStatusFunc`). Empty on success before version 4. */
export function endingText(version: CommandVersion, ending: Ending): string {
  if (ending.kind === 'exited' && ending.code === 0) return version < 4 ? '' : goJson({ metadata: {}, status: 'Success' });
  const message =
    ending.kind === 'exited' ? `command terminated with non-zero exit code: ${ending.text}` : `Internal error occurred: ${ending.message}`;
  if (version < 4) return message;
  const failure = { metadata: {}, status: 'Failure', message };
  if (ending.kind === 'failed') {
    return goJson({ ...failure, reason: 'InternalError', details: { causes: [{ message: ending.message }] }, code: 500 });
  }
  const causes = [{ reason: 'ExitCode', message: String(ending.code) }];
  return goJson({ ...failure, reason: 'NonZeroExitCode', details: { causes } });
}

/** What a Status (version 4) or a text on an error stream says; the reverse of `endingText`. */
export function readEnding(version: CommandVersion, text: string): Ending {
  if (text === '') return { kind: 'exited', code: 0, text: '' };
  if (version < 4) return { kind: 'failed', message: `error executing remote command: ${text}` };
  const status = parseStatus(text);
  if (status === null) return { kind: 'failed', message: `error stream protocol error: ${JSON.stringify(text)} is no status` };
  if (status.status === 'Success') return { kind: 'exited', code: 0, text: '' };
  if (status.reason !== 'NonZeroExitCode') return { kind: 'failed', message: status.message };
  const code = Number(status.exitCode ?? '');
  if (!/^\d+$/.test(status.exitCode ?? '') || code > 255) {
    return { kind: 'failed', message: `error stream protocol error: invalid exit code value ${JSON.stringify(status.exitCode ?? '')}` };
  }
  return { kind: 'exited', code, text: `command terminated with exit code ${code}` };
}

interface ReadStatus {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly exitCode: string | undefined;
}

function parseStatus(text: string): ReadStatus | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const status = textField(value, 'status');
  if (status === undefined) return null;
  const causes = field(field(value, 'details'), 'causes');
  const exit: unknown = Array.isArray(causes) ? causes.find((cause: unknown) => field(cause, 'reason') === 'ExitCode') : undefined;
  return {
    status,
    reason: textField(value, 'reason') ?? '',
    message: textField(value, 'message') ?? '',
    exitCode: textField(exit, 'message'),
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;
}

function textField(value: unknown, name: string): string | undefined {
  const text = field(value, name);
  return typeof text === 'string' ? text : undefined;
}
