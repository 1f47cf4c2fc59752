/** Runs one plugin once (CNI specification §2; containernetworking/cni `pkg/invoke`). */
import { constants } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../../../util/host.ts';
import { helperEnvironment } from '../tools.ts';
import { isObject } from './config.ts';

export interface CniCall {
  readonly command: 'ADD' | 'DEL' | 'CHECK' | 'GC' | 'STATUS';
  /** Empty for GC and STATUS, which are about no sandbox. */
  readonly containerId: string;
  /** File of the network namespace; empty when it is gone. */
  readonly netns: string;
  /** `K8S_POD_NAME=…;…`. */
  readonly args: string;
  readonly stdin: unknown;
}

/** The interface that sandboxes get. */
export const INTERFACE = 'eth0';
/** A plugin that takes longer is killed. */
const TIMEOUT_MS = 60_000;
/** Bytes of a result. */
const MAX_RESULT = 1 << 20;

/** The plugin said no; `code` is CNI's, 0 when it did not say. */
export class CniError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.name = 'CniError';
    this.code = code;
  }
}

/** Runs a plugin; its result, or undefined when it printed none. Rejects with `CniError`. */
export async function runPlugin(host: Host, binDirs: readonly string[], type: string, call: CniCall): Promise<unknown> {
  const program = await findPlugin(host, binDirs, type);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const outcome = await host.processes
    .run(program, [], {
      input: JSON.stringify(call.stdin),
      env: {
        ...helperEnvironment,
        CNI_COMMAND: call.command,
        CNI_PATH: binDirs.join(':'),
        ...(call.containerId !== '' && {
          CNI_CONTAINERID: call.containerId,
          CNI_NETNS: call.netns,
          CNI_IFNAME: INTERFACE,
          CNI_ARGS: call.args,
        }),
      },
      signal,
      maxOutput: MAX_RESULT,
    })
    .catch((error: unknown) => {
      throw signal.aborted ? new CniError(0, `netplugin did not end within ${TIMEOUT_MS / 1000} s`) : error;
    });
  const said = outcome.stdout.toString('utf8').trim();
  if (outcome.code !== 0) throw refusal(said, outcome.stderr.toString('utf8').trim());
  if (said === '') return undefined;
  try {
    return JSON.parse(said);
  } catch {
    throw new CniError(6, `the result is not JSON: ${JSON.stringify(said.slice(0, 200))}`);
  }
}

async function findPlugin({ files }: Host, binDirs: readonly string[], type: string): Promise<string> {
  for (const dir of binDirs) {
    const path = join(dir, type);
    const found = await files.access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  throw new CniError(0, `failed to find plugin ${JSON.stringify(type)} in path [${binDirs.join(' ')}]`);
}

function refusal(stdout: string, stderr: string): CniError {
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch {
    const text = stderr.slice(0, 1000) || stdout.slice(0, 1000);
    return new CniError(0, text === '' ? 'netplugin failed with no error message' : `netplugin failed: ${JSON.stringify(text)}`);
  }
  const { code, msg, details } = isObject(value) ? value : {};
  const words = [msg, details].filter((text) => typeof text === 'string' && text !== '').join('; ');
  return new CniError(typeof code === 'number' ? code : 0, words.slice(0, 2000) || 'netplugin failed but error parsing its message');
}
