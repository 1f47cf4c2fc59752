/** Fills Secrets of type `kubernetes.io/service-account-token`, and ends them with their account (controller-manager `serviceaccount/tokens_controller.go`). */
import { resources } from '../api/resources.ts';
import { hasReason, unlessNotFound } from '../api/status.ts';
import type { Secret, ServiceAccount, Stored } from '../api/types.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { isOvertaken } from './overtaken.ts';
import { splitKey, startWorkQueue } from './queue.ts';

const TYPE = 'kubernetes.io/service-account-token';
const ACCOUNT_NAME = 'kubernetes.io/service-account.name';
const ACCOUNT_UID = 'kubernetes.io/service-account.uid';

/** What a token of a Secret says. */
export interface SecretTokenClaims {
  readonly namespace: string;
  readonly serviceAccount: { readonly name: string; readonly uid: string };
  readonly secretName: string;
}

export interface TokenSecretOptions {
  /** Makes the token; the key is the API server's. */
  readonly sign: (claims: SecretTokenClaims) => string;
  /** PEM of the authority by which clients know the API server. */
  readonly caPem: string;
}

export function startTokenSecretController(
  { client, reader = client, clock, log }: ControllerContext,
  options: TokenSecretOptions,
): Controller {
  const queue = startWorkQueue({
    clock,
    handle: sync,
    failed: (key, error) => log.warn('Could not fill the token of a Secret', { secret: key, error }),
  });
  const ask = (secret: Stored<Secret>): void => queue.add(`${secret.metadata.namespace ?? ''}/${secret.metadata.name}`);
  const secrets = reader.inform(resources.secrets, { fieldSelector: `type=${TYPE}` }, { added: ask, modified: ask });
  const accounts = reader.inform(resources.serviceaccounts, {}, { added: askFor, deleted: askFor });

  /** Secrets that name the account: they are filled when it comes, and end when it goes. */
  function askFor({ metadata }: Stored<ServiceAccount>): void {
    for (const secret of secrets.items.values())
      if (secret.metadata.namespace === metadata.namespace && accountOf(secret) === metadata.name) ask(secret);
  }

  async function sync(key: string): Promise<void> {
    await Promise.all([secrets.synced, accounts.synced]);
    const secret = secrets.items.get(key);
    if (secret === undefined || secret.metadata.deletionTimestamp !== undefined) return;
    const { namespace } = splitKey(key);
    const known = accounts.items.get(`${namespace}/${accountOf(secret)}`) ?? (await lookUp(namespace, accountOf(secret)));
    try {
      if (known === undefined || !belongsTo(secret, known)) await remove(secret);
      else {
        const filled = fill(secret, known, options);
        if (filled !== undefined) await client.update(resources.secrets, filled);
      }
    } catch (error) {
      if (hasReason(error, 'Conflict') || isOvertaken(error)) return;
      throw error;
    }
  }

  /** The watch may be behind: an account that was made just before its Secret is not gone. */
  const lookUp = (namespace: string, name: string): Promise<Stored<ServiceAccount> | undefined> =>
    unlessNotFound(client.get(resources.serviceaccounts, name, { namespace }));

  async function remove({ metadata: { name, namespace = '', uid, resourceVersion } }: Stored<Secret>): Promise<void> {
    log.info('Removing the token of a service account that is gone', { secret: `${namespace}/${name}` });
    await client.delete(resources.secrets, name, { namespace, delete: { preconditions: { uid, resourceVersion } } });
  }

  return {
    ready: Promise.all([secrets.synced, accounts.synced]).then(() => undefined),
    stop: () => {
      queue.stop();
      secrets.stop();
      accounts.stop();
    },
  };
}

function accountOf({ metadata }: Stored<Secret>): string {
  return metadata.annotations?.[ACCOUNT_NAME] ?? '';
}

function belongsTo({ metadata }: Stored<Secret>, account: Stored<ServiceAccount>): boolean {
  const uid = metadata.annotations?.[ACCOUNT_UID] ?? '';
  return uid === '' || uid === account.metadata.uid;
}

/** The Secret with what it lacks; undefined when it lacks nothing. */
export function fill(secret: Stored<Secret>, account: Stored<ServiceAccount>, { sign, caPem }: TokenSecretOptions): Secret | undefined {
  const { name, namespace = '', annotations = {} } = secret.metadata;
  const data = secret.data ?? {};
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const wanted = { 'ca.crt': base64(caPem), namespace: base64(namespace) };
  const uid = account.metadata.uid;
  const hasToken = (data['token'] ?? '') !== '';
  if (hasToken && annotations[ACCOUNT_UID] === uid && data['ca.crt'] === wanted['ca.crt'] && data['namespace'] === wanted.namespace)
    return undefined;
  const token = hasToken
    ? (data['token'] ?? '')
    : base64(sign({ namespace, serviceAccount: { name: account.metadata.name, uid }, secretName: name }));
  return {
    ...secret,
    metadata: { ...secret.metadata, annotations: { ...annotations, [ACCOUNT_NAME]: account.metadata.name, [ACCOUNT_UID]: uid } },
    data: { ...data, ...wanted, token },
  };
}
