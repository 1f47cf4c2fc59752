import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { RuntimeContext } from './context.ts';
import { mountTable } from './fstab.ts';
import { isAlive, parseProcessStat, startDetached, type ProcessIdentity } from './processes.ts';

/** Starts the first process of a pod-wide pid namespace and writes down which it is. Rejects when it does not come up. */
export async function startPause(context: RuntimeContext, dir: string): Promise<void> {
  const { files } = context.host;
  const secret = randomBytes(16).toString('hex');
  await Promise.all(
    ['pause', 'pause-tree/t', `pause-tree/${secret}`, 'pause-tree/proc', 'pause-tree/dev'].map((name) =>
      files.mkdir(`${dir}/${name}`, { recursive: true }),
    ),
  );
  // A shell opens /dev/null as the input of what it starts in the background; an empty file serves.
  await files.writeFile(`${dir}/pause-tree/dev/null`, '');
  await files.writeFile(
    `${dir}/mounts.pause`,
    mountTable([
      { source: `${dir}/pause-tree`, target: `${dir}/pause`, type: 'none', options: ['bind', 'ro', 'nosuid', 'private'] },
      { source: context.tools.inside, target: `${dir}/pause/t`, type: 'none', options: ['bind', 'ro', 'nosuid', 'nodev', 'private'] },
      { source: 'proc', target: `${dir}/pause/proc`, type: 'proc', options: ['nosuid', 'nodev', 'noexec'] },
    ]),
  );
  const { status } = startDetached('unshare', [
    '--mount',
    '--pid',
    '--fork',
    '--propagation',
    'slave',
    'sh',
    `${context.tools.scripts}/pause-setup.sh`,
    dir,
    secret,
  ]);
  // The parent in front of the namespace keeps the descriptor open: the first line is all that comes.
  const said = await firstLine(status);
  status.destroy();
  const identity = parseProcessStat(said);
  if (!identity) throw new Error(`the first process of the pod's pid namespace did not start: ${said}`);
  await files.writeFile(`${dir}/pause.pid`, said);
}

/** The pause process of a sandbox directory; null when it has none that lives. */
export async function findPause(context: RuntimeContext, dir: string): Promise<ProcessIdentity | null> {
  const stat = await context.host.files.readFile(`${dir}/pause.pid`, 'utf8').catch(() => '');
  const identity = parseProcessStat(stat.split('\n')[0] ?? '');
  return identity && (await isAlive(context.host, identity)) ? identity : null;
}

/** Ends the pause process, and with it whatever else is in its namespace. */
export async function stopPause(context: RuntimeContext, dir: string): Promise<void> {
  const identity = await findPause(context, dir);
  if (identity) context.host.processes.kill(identity.pid, 'SIGKILL');
}

async function firstLine(stream: Readable): Promise<string> {
  stream.on('error', () => undefined);
  for await (const line of createInterface({ input: stream })) return line;
  return '';
}
