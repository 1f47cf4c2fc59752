/** `nodes/proxy` and `pods/proxy`: any request, to the kubelet or to a port of a pod (`pkg/registry/core/{node,pod}/rest`). */
import { badRequest, failure, notFound, serviceUnavailable } from '../../api/status.ts';
import { resources } from '../../api/resources.ts';
import type { Exchange, UpgradeExchange } from '../../net/http.ts';
import { BackendError, proxyRequest, proxyUpgrade, type BackendTls, type ProxyAnswer, type ProxyTarget } from '../../net/proxy.ts';
import { sendEmpty } from '../../net/respond.ts';
import type { ApiRequest, ConnectHandler, ObjectReader } from '../endpoint.ts';
import { backendTls, kubeletLocation, kubeletPort, urlOf, type KubeletCredentials } from './kubelet-location.ts';
import { afterSegments, mayProxyTo, parseProxyId } from './proxy-id.ts';

/** Where the requests of one proxy path go. */
interface Destination {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  /** 0 leaves it to the scheme. */
  readonly port: number;
  readonly tls: BackendTls;
}

/** A backend that is not the kubelet is reached as the original does: without a certificate of ours, its own unverified. */
const PLAIN: BackendTls = { insecureSkipVerify: true };
/** Segments up to and including `proxy`. */
const NODE_SEGMENTS = 5;
const POD_SEGMENTS = 7;

export function nodeProxy(objects: ObjectReader, credentials: () => KubeletCredentials): ConnectHandler {
  return (request, upgrade) => proxy(request, upgrade, NODE_SEGMENTS, nodeDestination(objects, credentials(), request.info.name));
}

export function podProxy(objects: ObjectReader): ConnectHandler {
  return (request, upgrade) => proxy(request, upgrade, POD_SEGMENTS, podDestination(objects, request.info.namespace, request.info.name));
}

function nodeDestination(objects: ObjectReader, credentials: KubeletCredentials, id: string): Destination {
  const { scheme, name, port } = parseProxyId(id, 'node');
  const { host } = kubeletLocation(objects, name, credentials.preferredAddressTypes);
  if (!mayProxyTo(host)) throw badRequest('address not allowed');
  const node = objects.get(resources.nodes, '', name);
  const kubelet = node === undefined ? 0 : kubeletPort(node);
  if (port === '' || port === String(kubelet)) return { scheme: 'https', host, port: kubelet, tls: backendTls(credentials) };
  return { scheme: scheme === '' ? 'http' : scheme, host, port: Number(port), tls: PLAIN };
}

function podDestination(objects: ObjectReader, namespace: string, id: string): Destination {
  const { scheme, name, port } = parseProxyId(id, 'pod');
  const pod = objects.get(resources.pods, namespace, name);
  if (pod === undefined) throw notFound(resources.pods, name);
  const host = pod.status.podIPs?.[0]?.ip ?? pod.status.podIP ?? '';
  if (host === '' || !mayProxyTo(host)) throw badRequest('address not allowed');
  const first = pod.spec.containers.flatMap((container) => container.ports ?? [])[0]?.containerPort ?? 0;
  return { scheme: scheme === '' ? 'http' : scheme, host, port: port === '' ? first : Number(port), tls: PLAIN };
}

async function proxy(request: ApiRequest, upgrade: UpgradeExchange | undefined, segments: number, to: Destination): Promise<void> {
  const { target, method } = request.exchange;
  const remainder = afterSegments(target.rawPath, segments);
  const query = target.rawQuery === '' ? '' : `?${target.rawQuery}`;
  const prefix = target.rawPath.slice(0, target.rawPath.length - remainder.length);
  const backend: ProxyTarget = {
    url: urlOf(to.scheme, to.host, to.port, `${cleanPath(remainder)}${query}`),
    tls: to.tls,
    headers: { 'x-forwarded-uri': target.rawPath },
  };
  try {
    if (upgrade !== undefined) await proxyUpgrade(upgrade, { url: backend.url, tls: to.tls });
    else if (remainder === '' && (method === 'GET' || method === 'HEAD'))
      sendEmpty(exchangeOf(request), 301, { location: `${target.rawPath}/${query}` });
    else await proxyRequest(exchangeOf(request), backend, { rewrite: (answer) => rewritten(answer, prefix, to) });
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    if (upgrade === undefined) throw serviceUnavailable(`error trying to reach service: ${error.message}`);
    throw failure(500, '', error.kind === 'dial' ? `error dialing backend: ${error.message}` : error.message);
  }
}

function exchangeOf({ exchange }: ApiRequest): Exchange {
  if ('response' in exchange) return exchange;
  throw badRequest('this path is not served over an upgraded connection');
}

/** Dot segments fold and cannot climb above the root; the escapes of the path stay as they were sent. */
export function cleanPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/').slice(1)) {
    const plain = segment.replaceAll(/%2e/gi, '.');
    if (plain === '..') kept.pop();
    else if (plain !== '.' && segment !== '') kept.push(segment);
  }
  const clean = `/${kept.join('/')}`;
  return path.endsWith('/') && clean !== '/' ? `${clean}/` : clean;
}

const CORS = /^access-control-allow-(credentials|headers|methods|origin)$/i;

/** Redirects within the backend stay below the proxy's path; its cross-origin grants are not ours to give. */
function rewritten(answer: ProxyAnswer, prefix: string, { scheme, host, port }: Destination): ProxyAnswer {
  const headers = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !CORS.test(name)));
  for (const [name, value] of Object.entries(headers)) {
    if (name.toLowerCase() !== 'location' || typeof value !== 'string') continue;
    const own = `${scheme}://${port === 0 ? host : `${host}:${port}`}`;
    if (value.startsWith(`${own}/`)) headers[name] = prefix + value.slice(own.length);
    else if (value.startsWith('/') && !value.startsWith('//') && !value.startsWith(`${prefix}/`)) headers[name] = prefix + value;
  }
  return { ...answer, headers };
}
