/** Variables that name the services a pod can reach (kubernetes `pkg/kubelet/envvars/envvars.go`). */
import type { Service } from '../../api/types.ts';

/** Variables of one service; empty when it has no cluster address. */
export function serviceEnv(service: Service): Record<string, string> {
  const ip = service.spec?.clusterIP;
  const ports = service.spec?.ports ?? [];
  const [first] = ports;
  if (ip === undefined || ip === '' || ip === 'None' || first === undefined) return {};
  const name = envName(service.metadata.name ?? '');
  const host = ip.includes(':') ? `[${ip}]` : ip;
  const url = (port: { port: number; protocol?: string }): string => `${(port.protocol ?? 'TCP').toLowerCase()}://${host}:${port.port}`;
  const env: Record<string, string> = { [`${name}_SERVICE_HOST`]: ip, [`${name}_SERVICE_PORT`]: String(first.port) };
  for (const port of ports) if (port.name) env[`${name}_SERVICE_PORT_${envName(port.name)}`] = String(port.port);
  env[`${name}_PORT`] = url(first);
  for (const port of ports) {
    const prefix = `${name}_PORT_${port.port}_${(port.protocol ?? 'TCP').toUpperCase()}`;
    env[prefix] = url(port);
    env[`${prefix}_PROTO`] = (port.protocol ?? 'TCP').toLowerCase();
    env[`${prefix}_PORT`] = String(port.port);
    env[`${prefix}_ADDR`] = ip;
  }
  return env;
}

/** Services of the pod's namespace when it wants links, and always `default/kubernetes`. */
export function podServiceEnv(services: Iterable<Service>, namespace: string, links: boolean): Record<string, string> {
  const chosen = new Map<string, Service>();
  for (const service of services) {
    const { name = '', namespace: of } = service.metadata;
    if (of === 'default' && name === 'kubernetes' && !chosen.has(name)) chosen.set(name, service);
    else if (of === namespace && links) chosen.set(name, service);
  }
  const env: Record<string, string> = {};
  for (const service of chosen.values()) Object.assign(env, serviceEnv(service));
  return env;
}

const envName = (text: string): string => text.toUpperCase().replaceAll('-', '_');
