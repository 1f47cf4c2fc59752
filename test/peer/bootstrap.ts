/** How a node joins without a certificate: a bootstrap token, a request that is approved by itself, one that somebody approves. */
import { readFileSync } from 'node:fs';
import { until } from '../support/until.ts';
import type { kubectlOf } from './node-checks.ts';
import { expectText, type Report } from './report.ts';

/** How a node comes to its certificates. */
export const WAYS = ['certificate', 'bootstrap'] as const;
export type Way = (typeof WAYS)[number];

export const TOKEN = { id: 'peer01', secret: '0123456789abcdef' };
const BOOTSTRAPPERS = 'system:bootstrappers';
const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';
const SERVING_SIGNER = 'kubernetes.io/kubelet-serving';

type Commands = ReturnType<typeof kubectlOf>;

/** What an administrator does before nodes may join: a token, and leave to ask. */
export async function permitBootstrap({ send, ok }: Pick<Commands, 'send' | 'ok'>): Promise<void> {
  const stringData = { 'token-id': TOKEN.id, 'token-secret': TOKEN.secret, 'usage-bootstrap-authentication': 'true' };
  const metadata = { name: `bootstrap-token-${TOKEN.id}`, namespace: 'kube-system' };
  await send({ apiVersion: 'v1', kind: 'Secret', type: 'bootstrap.kubernetes.io/token', metadata, stringData }, 'apply', '-f', '-');
  const bind = (name: string, role: string, group: string): Promise<string> =>
    ok('create', 'clusterrolebinding', name, `--clusterrole=${role}`, `--group=${group}`);
  await bind('bootstrap', 'system:node-bootstrapper', BOOTSTRAPPERS);
  await bind('approve-first', 'system:certificates.k8s.io:certificatesigningrequests:nodeclient', BOOTSTRAPPERS);
  await bind('approve-next', 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient', 'system:nodes');
}

/** The newest request for a signer, as kubectl shows it. */
async function requestOf({ run }: Pick<Commands, 'run'>, signer: string): Promise<string[] | undefined> {
  const lines = (await run('get', 'csr', '--no-headers')).stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => line.split(/ +/)).find((row) => row[2] === signer);
}

export function awaitClientCertificate({ check }: Report, commands: Commands): Promise<void> {
  return check('its request for a client certificate is approved and signed', async () => {
    const row = await until(
      'it',
      async () => {
        const found = await requestOf(commands, CLIENT_SIGNER);
        return found?.at(-1) === 'Approved,Issued' && found;
      },
      60_000,
    );
    expectText(row.join(' '), `system:bootstrap:${TOKEN.id}`);
  });
}

/** Approves the serving certificate by hand; it then stands in `file`. */
export function approveServing(
  { check }: Report,
  commands: Commands,
  { nodeName, file }: { readonly nodeName: string; readonly file: string },
): Promise<void> {
  return check('it asks with that for a certificate to serve with, which waits for somebody', async () => {
    const row = await until('the second request', () => requestOf(commands, SERVING_SIGNER), 60_000);
    expectText(row.join(' '), `system:node:${nodeName}`);
    if (row.at(-1) !== 'Pending') throw new Error(row.join(' '));
    await commands.ok('certificate', 'approve', row[0] ?? '');
    await until('the certificate', async () => (await requestOf(commands, SERVING_SIGNER))?.at(-1) === 'Approved,Issued');
    await until('the file', () => readFileSync(file, 'utf8').includes('CERTIFICATE'));
  });
}
