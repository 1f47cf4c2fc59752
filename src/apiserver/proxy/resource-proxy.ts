/** `nodes/proxy`, `pods/proxy` and `services/proxy`: any request, to the kubelet or to a port of a pod (`pkg/registry/core/{node,pod,service}`). */
import { badRequest, failure, notFound, serviceUnavailable } from '../../api/status.ts';
import { resources } from '../../api/resources.ts';
import type { Exchange, UpgradeExchange } from '../../net/http.ts';
import { BackendError, proxyRequest, proxyUpgrade, type BackendTls, type ProxyTarget } from '../../net/proxy.ts';
import { sendEmpty } from '../../net/respond.ts';
import type { ApiRequest, ConnectHandler, ObjectReader } from '../endpoint.ts';
import { backendTls, kubeletLocation, kubeletPort, urlOf, type KubeletCredentials } from './kubelet-location.ts';
import { afterSegments, mayProxyTo, parseProxyId } from './proxy-id.ts';
import { cleanPath, type PublicPlace } from './public-url.ts';
import { rewriteAnswer } from './rewrite.ts';
import { serviceTarget } from './service-target.ts';

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
const NAMESPACED_SEGMENTS = 7;

export function nodeProxy(objects: ObjectReader, credentials: () => KubeletCredentials): ConnectHandler {
  return (request, upgrade) => proxy(request, upgrade, NODE_SEGMENTS, nodeDestination(objects, credentials(), request.info.name));
}

export function podProxy(objects: ObjectReader): ConnectHandler {
  return (request, upgrade) =>
    proxy(request, upgrade, NAMESPACED_SEGMENTS, podDestination(objects, request.info.namespace, request.info.name));
}

export function serviceProxy(objects: ObjectReader): ConnectHandler {
  return (request, upgrade) => {
    const id = parseProxyId(request.info.name, 'service');
    const target = serviceTarget(objects, request.info.namespace, id);
    return proxy(request, upgrade, NAMESPACED_SEGMENTS, { scheme: id.scheme === '' ? 'http' : id.scheme, ...target, tls: PLAIN });
  };
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
    headers: { 'X-Forwarded-Uri': prefix + cleanPath(remainder) },
  };
  const place: PublicPlace = {
    prefix: remainder.endsWith('/') ? `${prefix}/` : prefix,
    backendHost: to.port === 0 ? to.host : `${to.host}:${to.port}`,
    requestHost: request.exchange.request.headers.host ?? '',
  };
  try {
    if (upgrade !== undefined) await proxyUpgrade(upgrade, { url: backend.url, tls: to.tls });
    else if (remainder === '' && (method === 'GET' || method === 'HEAD'))
      sendEmpty(exchangeOf(request), 301, { location: `${target.rawPath}/${query}` });
    else await proxyRequest(exchangeOf(request), backend, { rewrite: (answer) => rewriteAnswer(answer, place) });
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
