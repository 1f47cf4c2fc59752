/** `nodelet image`: the images of the process runtime, one subcommand an action. */
import { openNodeCredentials } from '../kubelet/images/node-credentials.ts';
import { credentialsFor } from '../kubelet/spec/pull-secrets.ts';
import { openImageStore } from '../runtime/images/local-image-store.ts';
import type { ImageStore } from '../runtime/images/image-store.ts';
import { normalizeReference } from '../runtime/images/reference.ts';
import { RuntimeError } from '../runtime/runtime.ts';
import { helpText, parseFlags, UsageError, type FlagTable, type FlagValues } from '../util/flags.ts';
import { systemHost } from '../util/host.ts';
import { createLogger } from '../util/log.ts';
import { showProgress } from './pull-progress.ts';
import { REGISTRY_FLAGS, registrySettings } from './runtime-flags.ts';
import { table } from './table.ts';
import { dataDirAt, defaultDataDir } from './up/data-dir.ts';
import { explainStartError, UserError } from './user-error.ts';

const FLAGS = [
  { name: 'data-dir', type: 'string', default: defaultDataDir(), placeholder: 'DIR', help: 'The data directory of `nodelet up`.' },
  {
    name: 'creds',
    type: 'string',
    default: '',
    placeholder: 'USER:PASSWORD',
    help: 'For pull: who asks. Without it what ~/.docker/config.json says of the registry.',
  },
  ...REGISTRY_FLAGS,
] as const satisfies FlagTable;

interface Action {
  readonly takes: readonly string[];
  readonly summary: string;
  readonly run: (store: ImageStore, args: readonly string[], values: FlagValues<typeof FLAGS>) => Promise<string>;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  pull: {
    takes: ['IMAGE'],
    summary: 'Fetch an image from its registry.',
    run: (store, [name = ''], values) => pull(store, name, values.creds),
  },
  load: {
    takes: ['FILE'],
    summary: 'Read a docker archive (`docker save`) or an OCI layout, a tar file or a directory.',
    run: async (store, [file = '']) => {
      await systemHost.files.stat(file);
      return (await store.load(file)).map((name) => `Loaded ${name}\n`).join('');
    },
  },
  list: {
    takes: [],
    summary: 'Show the images that are there.',
    run: async (store) => {
      const rows = (await store.list()).flatMap(({ id, repoTags, sizeBytes }) =>
        (repoTags.length > 0 ? repoTags : ['<none>']).map((tag): [string, string, string] => [
          tag,
          id.replace('sha256:', '').slice(0, 12),
          megabytes(sizeBytes),
        ]),
      );
      return table([['IMAGE', 'ID', 'SIZE'], ...rows]);
    },
  },
  tag: {
    takes: ['FROM', 'TO'],
    summary: 'Give an image another name.',
    run: async (store, [from = '', to = '']) => {
      await store.tag(from, to);
      return '';
    },
  },
  remove: {
    takes: ['IMAGE'],
    summary: 'Remove an image with all its names.',
    run: async (store, [name = '']) => {
      if ((await store.find(name)) === null) throw new UserError(`there is no image ${name}`);
      await store.remove(name);
      return '';
    },
  },
};

/** Asks with each credential there is until one is good. Ends on SIGINT; what came is kept for the next time. */
async function pull(store: ImageStore, name: string, creds: string): Promise<string> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const known = creds === '' ? credentialsFor(await openNodeCredentials(systemHost, store.directory)(name), name) : [credential(creds)];
  const { stderr } = process;
  const output = { isTTY: stderr.isTTY, columns: stderr.columns, write: (text: string) => void stderr.write(text) };
  const progress = showProgress(name, output, () => systemHost.clock.monotonic());
  let refused: unknown;
  try {
    for (const auth of known.length === 0 ? [{}] : known) {
      const tried = await store.pull(name, { auth, signal: stop.signal, replace: true, progress: (step) => progress.report(step) }).then(
        (id) => ({ id }),
        (error: unknown) => ({ error }),
      );
      if ('id' in tried) return `Pulled ${normalizeReference(name) ?? name}\n`;
      refused = tried.error;
    }
    throw refused;
  } finally {
    progress.end();
  }
}

function credential(text: string): { username: string; password: string } {
  const colon = text.indexOf(':');
  if (colon < 1) throw new UsageError('--creds takes USER:PASSWORD');
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

export const help = (): string => `Images of the process runtime.

Usage:
${Object.entries(ACTIONS)
  .map(([name, { takes, summary }]) => `  nodelet image ${[name, ...takes].join(' ').padEnd(16)}  ${summary}`)
  .join('\n')}

Image \`host\` is always there: this machine's own root file system, copy-on-write.

Flags:
${helpText(FLAGS)}`;

const ALIASES: Readonly<Record<string, string>> = { rm: 'remove', ls: 'list' };

export async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseFlags(FLAGS, argv);
  const [said = '', ...args] = positionals;
  const name = ALIASES[said] ?? said;
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined)
    throw new UsageError(`nodelet image takes one of ${Object.keys(ACTIONS).join(', ')}, not ${JSON.stringify(said)}`);
  if (args.length !== action.takes.length) throw new UsageError(`usage: nodelet image ${[name, ...action.takes].join(' ')}`);
  const { images } = dataDirAt(values['data-dir']);
  try {
    const store = await openImageStore(images, { host: systemHost, log: createLogger(), registries: registrySettings(values) });
    process.stdout.write(await action.run(store, args, values));
  } catch (error) {
    if (error instanceof RuntimeError) throw new UserError(error.message);
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw new UserError(`there is no file ${args[0] ?? ''}`);
    throw explainStartError(error, `cannot use the images in ${images}`) ?? error;
  }
  return 0;
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
