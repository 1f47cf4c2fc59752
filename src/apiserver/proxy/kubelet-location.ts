/** Where a node's kubelet listens, and with which credentials the API server goes there (`pkg/kubelet/client/kubelet_client.go`). */
import { failure, notFound } from '../../api/status.ts';
import { resources } from '../../api/resources.ts';
import type { BackendTls } from '../../net/proxy.ts';
import type { Node, Stored } from '../../api/types.ts';
import type { ObjectReader } from '../endpoint.ts';

/** The API server's side of its conversations with kubelets. PEM texts. */
export interface KubeletCredentials {
  readonly cert: string;
  readonly key: string;
  /** Without it the kubelet's certificate is not verified, as in the original. */
  readonly ca?: string;
  /** Address types in the order in which they are tried. */
  readonly preferredAddressTypes: readonly string[];
}

export interface KubeletLocation {
  readonly host: string;
  readonly port: number;
}

const DEFAULT_PORT = 10250;

/** Throws a StatusError when there is no such node, or no address to reach it by. */
export function kubeletLocation(objects: ObjectReader, nodeName: string, addressTypes: readonly string[]): KubeletLocation {
  const node = objects.get(resources.nodes, '', nodeName);
  if (node === undefined) throw notFound(resources.nodes, nodeName);
  return { host: preferredAddress(node, addressTypes), port: kubeletPort(node) };
}

export function kubeletPort(node: Stored<Node>): number {
  const port = node.status.daemonEndpoints?.kubeletEndpoint?.Port ?? 0;
  return port === 0 ? DEFAULT_PORT : port;
}

function preferredAddress(node: Stored<Node>, types: readonly string[]): string {
  const known = node.status.addresses ?? [];
  for (const type of types) {
    const found = known.find((address) => address.type === type);
    if (found !== undefined) return found.address;
  }
  throw failure(500, '', `no preferred addresses found; known addresses: [${known.map((a) => `{${a.type} ${a.address}}`).join(' ')}]`);
}

/** How the API server shows itself to a kubelet, and whether it looks at the kubelet's certificate. */
export function backendTls({ cert, key, ca }: KubeletCredentials): BackendTls {
  return { cert, key, ...(ca === undefined ? { insecureSkipVerify: true } : { ca }) };
}

/** A URL whose path and query are as given. Port 0 is left out. */
export function urlOf(scheme: 'http' | 'https', host: string, port: number, pathAndQuery: string): string {
  const literal = host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${literal}${port === 0 ? '' : `:${port}`}${pathAndQuery}`;
}
