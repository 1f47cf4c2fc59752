/** Where `nodelet top` and `nodelet metrics` ask: a kubelet itself, or the nodes of a cluster through its API server. */
import type { IncomingMessage } from 'node:http';
import { openTransport, readAnswer, type Connection, type Transport } from '../../client/transport.ts';
import type { FlagTable, FlagValues } from '../../util/flags.ts';
import { systemHost } from '../../util/host.ts';
import { errorText } from '../../util/log.ts';
import { clusterConnection } from '../cluster-connection.ts';
import { readNamedFile } from '../named-file.ts';
import { UserError } from '../user-error.ts';

export const SOURCE_FLAGS = [
  {
    name: 'kubeconfig',
    type: 'string',
    default: '',
    placeholder: 'FILE',
    help: 'The cluster whose nodes are asked, through its API server. Without it $KUBECONFIG, then that of `nodelet up`.',
  },
  { name: 'node', type: 'string', default: '', placeholder: 'NAME', help: 'Ask this node alone.' },
  {
    name: 'kubelet',
    type: 'string',
    default: '',
    placeholder: 'URL',
    help: 'Ask this kubelet itself: https://HOST:10250, or a read-only port.',
  },
  { name: 'token', type: 'string', default: '', help: 'Bearer token for --kubelet.' },
  { name: 'token-file', type: 'string', default: '', placeholder: 'FILE', help: 'File with the bearer token for --kubelet.' },
  { name: 'client-certificate', type: 'string', default: '', placeholder: 'FILE', help: 'Client certificate for --kubelet.' },
  { name: 'client-key', type: 'string', default: '', placeholder: 'FILE', help: 'Its key.' },
  {
    name: 'certificate-authority',
    type: 'string',
    default: '',
    placeholder: 'FILE',
    help: 'Authority that signed the certificate of --kubelet.',
  },
  { name: 'insecure-skip-tls-verify', type: 'bool', default: false, help: 'Do not check the certificate of --kubelet.' },
] as const satisfies FlagTable;

export type SourceValues = FlagValues<typeof SOURCE_FLAGS>;

export interface MetricsSource {
  /** Names of the nodes that are asked; one without a name for a kubelet that is asked itself. */
  nodes(): Promise<string[]>;
  /** The body of `path` on a node. Throws UserError for an answer that is no 200, or none. */
  get(node: string, path: string): Promise<string>;
  close(): void;
}

/** An answer that takes longer is given up. */
const TIMEOUT_MS = 15_000;
/** Letters of an error's body that are shown. */
const MAX_SHOWN = 300;

export async function openSource(values: SourceValues): Promise<MetricsSource> {
  const direct = values.kubelet !== '';
  const connection = direct ? await kubeletConnection(values) : await clusterConnection(values.kubeconfig);
  const transport = openTransport({ ...connection, userAgent: 'nodelet-metrics' });
  const asked: Asked = { transport, server: connection.server, direct };
  return {
    async nodes() {
      if (direct || values.node !== '') return [values.node];
      const list = JSON.parse(await fetchText(asked, '/api/v1/nodes')) as {
        readonly items?: readonly { readonly metadata: { readonly name: string } }[];
      };
      return (list.items ?? []).map(({ metadata }) => metadata.name);
    },
    get: (node, path) => fetchText(asked, direct ? path : `/api/v1/nodes/${encodeURIComponent(node)}/proxy${path}`),
    close: () => transport.close(),
  };
}

async function kubeletConnection(values: SourceValues): Promise<Connection> {
  const { kubelet, token } = values;
  if (!URL.canParse(kubelet) || !/^https?:$/.test(new URL(kubelet).protocol))
    throw new UserError(`--kubelet ${kubelet} is not an http or https URL`);
  const read = async (flag: 'certificate-authority' | 'client-certificate' | 'client-key'): Promise<string | undefined> => {
    const path = values[flag];
    if (path === '') return undefined;
    return readNamedFile(`--${flag}`, path, systemHost);
  };
  const [ca, cert, key] = await Promise.all([read('certificate-authority'), read('client-certificate'), read('client-key')]);
  return {
    server: kubelet,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(token !== '' && { token }),
    ...(values['token-file'] !== '' && { tokenFile: values['token-file'] }),
    ...(values['insecure-skip-tls-verify'] && { insecureSkipVerify: true }),
  };
}

interface Asked {
  readonly transport: Transport;
  readonly server: string;
  /** The kubelet itself, not the API server in front of it. */
  readonly direct: boolean;
}

async function fetchText({ transport, server, direct }: Asked, path: string): Promise<string> {
  let response: IncomingMessage;
  let text: string;
  try {
    response = await transport.send({ method: 'GET', path, signal: AbortSignal.timeout(TIMEOUT_MS) });
    text = (await readAnswer(response)).toString();
  } catch (error) {
    throw new UserError(`no answer from ${server}${path}: ${errorText(error)}`);
  }
  if (response.statusCode !== 200)
    throw new UserError(
      `${server}${path} answered ${response.statusCode}: ${messageOf(text).slice(0, MAX_SHOWN)}${hint(response.statusCode, path, direct)}`,
    );
  return text;
}

/** What those who are refused can do about it. */
function hint(status: number | undefined, path: string, direct: boolean): string {
  if (status === 401)
    return direct
      ? '. Say who you are: --token, --token-file or --client-certificate'
      : '. The cluster does not know the user of this kubeconfig';
  if (status !== 403) return '';
  const through = /\/api\/v1\/nodes\/[^/]+\/proxy/.test(path) ? 'nodes/proxy' : undefined;
  const what = through ?? (!direct ? 'nodes (verb list)' : path.startsWith('/stats') ? 'nodes/stats' : 'nodes/metrics');
  return `. The user needs a role with ${what.includes('verb') ? what : `the verb get on ${what}`}`;
}

/** The message of a Status, or the first line of whatever else was sent. */
function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { readonly message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // Not JSON: a kubelet answers in plain text.
  }
  return text.split('\n')[0] ?? '';
}
