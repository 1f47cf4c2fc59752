/** What a container leaves as its last words (kubernetes `pkg/kubelet/kuberuntime/kuberuntime_container.go`, getTerminationMessage). */
import type { ContainerRuntimeStatus } from '../../runtime/runtime.ts';
import type { Files } from '../../util/host.ts';
import { errorText } from '../../util/log.ts';
import { MESSAGE_PATH, MESSAGE_POLICY } from '../spec/labels.ts';

const MAX_MESSAGE_BYTES = 4096;
const MAX_LOG_BYTES = 2048;
const MAX_LOG_LINES = 80;
/** Bytes of the log's end that are looked at: the lines in it are longer than their texts. */
const LOG_WINDOW_BYTES = 16_384;

/** The message of an exited container: the runtime's own, joined with the file's or the log's end. */
export async function terminationMessage(files: Files, c: ContainerRuntimeStatus): Promise<string> {
  const path = c.annotations[MESSAGE_PATH] ?? '';
  const mount = path === '' ? undefined : c.mounts.find((m) => m.containerPath === path);
  const fallback = c.annotations[MESSAGE_POLICY] === 'FallbackToLogsOnError' && c.exitCode !== 0 && c.reason !== 'ContainerCannotRun';
  let text = '';
  if (mount) {
    try {
      text = (await readEnd(files, mount.hostPath, MAX_MESSAGE_BYTES)).toString('utf8');
    } catch (error) {
      if (!fallback) text = `Error on reading termination log ${mount.hostPath}: ${errorText(error)}`;
    }
  }
  if (text === '' && fallback) text = await logEnd(files, c.logPath);
  if (c.message === '' || text === '') return c.message === '' ? text : c.message;
  return `${c.message}: ${text}`;
}

async function readEnd(files: Files, path: string, limit: number): Promise<Buffer> {
  const handle = await files.open(path, 'r');
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, limit);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function logEnd(files: Files, path: string): Promise<string> {
  const raw = await readEnd(files, path, LOG_WINDOW_BYTES).catch(() => Buffer.alloc(0));
  const lines = raw
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .slice(-MAX_LOG_LINES);
  const text = lines.map(criText).join('');
  return Buffer.from(text).subarray(-MAX_LOG_BYTES).toString('utf8');
}

/** The content of a line `TIME STREAM TAG CONTENT`, with its newline when it is whole. */
function criText(line: string): string {
  const [, tag = 'F', content = line] = /^\S+ (?:stdout|stderr) ([A-Z:]+) (.*)$/s.exec(line) ?? [];
  return tag.startsWith('P') ? content : `${content}\n`;
}
