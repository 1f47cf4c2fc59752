import { homedir } from 'node:os';
import { RuntimeError, type ContainerSecurity } from '../runtime.ts';
import { pathOf } from './command-line.ts';
import type { StartInput, StartOutcome } from './container-start.ts';
import type { RuntimeContext } from './context.ts';
import { identify, readVerdict, startDetached } from './processes.ts';
import type { ContainerRecord } from './records.ts';
import type { UserIds } from './users.ts';

/** What containers do not have where there is no root or no Linux; shown in the node's conditions. */
export const plainNotices: readonly string[] = [
  'Containers are plain process groups of this user: without Linux and root they have no namespaces, no root of their own, no limits and no address.',
  'Volumes, service account tokens and termination messages are not mounted, and only the image "host" runs.',
];

/** Starts a container as a plain process group, with its waiter as everywhere. */
export async function startPlainProcess(context: RuntimeContext, input: StartInput): Promise<StartOutcome> {
  const { record, dir } = input;
  await input.begun;
  const mode = record.config.tty ? 'tty' : record.config.stdin ? 'stdin' : 'plain';
  const { status } = startDetached('sh', [
    `${context.tools.scripts}/waiter.sh`,
    dir,
    mode,
    '',
    'sh',
    ...plainArguments(context, record, dir, record.argv, record.env),
  ]);
  const verdict = await readVerdict(status);
  const stat = await context.host.files.readFile(`${dir}/pid`, 'utf8').catch(() => '');
  return { verdict, process: await identify(context.host, stat) };
}

/** Arguments for `sh` that end in a command with a container's working directory and environment; `dir` is empty for exec. */
export function plainArguments(
  context: RuntimeContext,
  record: ContainerRecord,
  dir: string,
  argv: readonly string[],
  env: readonly string[],
): string[] {
  return [`${context.tools.scripts}/plain.sh`, dir, record.workdir, pathOf(env), argv[0] ?? '', ...env, ...argv];
}

/** The user that this program runs as. Throws when a container asks to be another. */
export function plainUser(security: ContainerSecurity): UserIds {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  const asked = security.runAsUser ?? security.runAsUsername;
  if (asked !== undefined && asked !== uid && asked !== '') {
    throw new RuntimeError('failedPrecondition', `a container cannot run as user ${asked}: nodelet runs as ${uid}, without root`);
  }
  return { uid, gid, groups: process.getgroups?.() ?? [gid], home: homedir() };
}

/** Ends what a container's command left behind in its process group; its waiter must be gone. */
export async function killProcessGroup(context: RuntimeContext, dir: string): Promise<void> {
  const text = await context.host.files.readFile(`${dir}/waiter`, 'utf8').catch(() => '');
  const leader = /^\d+/.exec(text)?.[0];
  if (leader && Number(leader) > 1) context.host.processes.kill(-Number(leader), 'SIGKILL');
}
