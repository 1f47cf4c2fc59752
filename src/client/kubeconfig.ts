/** Reads kubeconfig files (client-go `tools/clientcmd`): the current context's server and credentials. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseYaml } from '../api/yaml.ts';
import { errorText } from '../util/log.ts';
import type { Connection } from './transport.ts';

/** The file cannot be used; the message names it and says why. */
export class KubeconfigError extends Error {
  constructor(path: string, why: string) {
    super(`kubeconfig ${path}: ${why}`);
    this.name = 'KubeconfigError';
  }
}

interface Named {
  readonly name?: unknown;
  readonly [part: string]: unknown;
}

type Part = Readonly<Record<string, unknown>>;

/** The connection of a context, by default the current one. Files that it names are read now, except tokens, which rotate. */
export async function loadKubeconfig(path: string, context?: string): Promise<Connection> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new KubeconfigError(path, errorText(error));
  }
  return connectionOf(text, path, context);
}

/** The same from text; relative file names count from the file's folder. */
export async function connectionOf(text: string, path: string, context?: string): Promise<Connection> {
  const fail = (why: string): KubeconfigError => new KubeconfigError(path, why);
  let document: unknown;
  try {
    [document] = parseYaml(text);
  } catch (error) {
    throw fail(errorText(error));
  }
  if (!isPart(document)) throw fail('it holds no configuration');
  const file = document;
  const name = context ?? stringOf(file['current-context']);
  if (name === undefined || name === '') throw fail('no current-context is set');

  /** The entry of this name in one of the file's lists. */
  const pick = (list: string, part: string, wanted: string): Part => {
    const entries = Array.isArray(file[list]) ? (file[list] as Named[]) : [];
    const found = entries.find((entry) => isPart(entry) && entry.name === wanted)?.[part];
    if (!isPart(found)) throw fail(`there is no ${part} ${JSON.stringify(wanted)}`);
    return found;
  };
  const chosen = pick('contexts', 'context', name);
  const cluster = pick('clusters', 'cluster', stringOf(chosen['cluster']) ?? '');
  const userName = stringOf(chosen['user']) ?? '';
  const user = userName === '' ? {} : pick('users', 'user', userName);
  const server = stringOf(cluster['server']) ?? '';
  if (!URL.canParse(server)) throw fail(`the cluster's server ${JSON.stringify(server)} is not a URL`);

  /** PEM text given inside (`KEY-data`) or as a file (`KEY`). */
  const pem = async (part: Part, key: string): Promise<string | undefined> => {
    const inside = stringOf(part[`${key}-data`]);
    if (inside !== undefined) return Buffer.from(inside, 'base64').toString('utf8');
    const named = stringOf(part[key]);
    if (named === undefined) return undefined;
    try {
      return await readFile(resolve(dirname(path), named), 'utf8');
    } catch (error) {
      throw fail(errorText(error));
    }
  };
  const [ca, cert, key] = await Promise.all([
    pem(cluster, 'certificate-authority'),
    pem(user, 'client-certificate'),
    pem(user, 'client-key'),
  ]);
  const token = stringOf(user['token']);
  const tokenFile = stringOf(user['tokenFile']);
  const serverName = stringOf(cluster['tls-server-name']);
  return {
    server,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(token !== undefined && { token }),
    ...(tokenFile !== undefined && { tokenFile: resolve(dirname(path), tokenFile) }),
    ...(serverName !== undefined && { serverName }),
    ...(cluster['insecure-skip-tls-verify'] === true && { insecureSkipVerify: true }),
  };
}

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
