/** One of the pods behind a Service (`pkg/registry/core/service/storage/storage.go` ResourceLocation). */
import { randomInt } from 'node:crypto';
import { resources } from '../../api/resources.ts';
import { notFound, serviceUnavailable } from '../../api/status.ts';
import type { ObjectOf } from '../../api/types.ts';
import type { ObjectReader } from '../endpoint.ts';
import { mayProxyTo, type ProxyId } from './proxy-id.ts';

type Address = ObjectOf<'core/v1.EndpointAddress'>;

/** Address and port of a ready pod behind the port of that number or name. Throws 404 and 503. */
export function serviceTarget(objects: ObjectReader, namespace: string, { name, port }: ProxyId): { host: string; port: number } {
  const service = objects.get(resources.services, namespace, name);
  if (service === undefined) throw notFound(resources.services, name);
  const portName = /^[+-]?\d+$/.test(port) ? nameOfPort(service.spec.ports ?? [], Number(port), name) : port;
  const subsets = objects.get(resources.endpoints, namespace, name)?.subsets ?? [];
  for (const { addresses = [], ports = [] } of rotated(subsets)) {
    const found = ports.find((candidate) => (candidate.name ?? '') === portName);
    if (found === undefined) continue;
    const address = rotated(addresses).find((candidate) => isPodsOwn(objects, namespace, candidate));
    if (address !== undefined) return { host: address.ip, port: found.port };
  }
  throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`);
}

function nameOfPort(ports: readonly { readonly name?: string; readonly port: number }[], number: number, service: string): string {
  const found = ports.find(({ port }) => port === number);
  if (found === undefined) throw serviceUnavailable(`no service port ${number} found for service ${JSON.stringify(service)}`);
  return found.name ?? '';
}

/** Whoever may write Endpoints must not send the API server elsewhere with them: the address has to be the named pod's. */
function isPodsOwn(objects: ObjectReader, namespace: string, { ip, targetRef }: Address): boolean {
  if (targetRef?.kind !== 'Pod' || (targetRef.namespace ?? '') !== namespace || !mayProxyTo(ip)) return false;
  const pod = objects.get(resources.pods, namespace, targetRef.name ?? '');
  if (pod === undefined) return false;
  return pod.status.podIP === ip || pod.status.podIPs?.some((known) => known.ip === ip) === true;
}

/** The list from a random place on, once around. */
function rotated<T>(items: readonly T[]): T[] {
  const start = items.length > 1 ? randomInt(items.length) : 0;
  return [...items.slice(start), ...items.slice(0, start)];
}
