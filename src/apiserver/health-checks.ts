/** What `/livez` and `/readyz` look at. Names are the original's where there is something of that kind to look at here. */
import { X509Certificate } from 'node:crypto';
import { resources } from '../api/resources.ts';
import type { Clock } from '../util/clock.ts';
import type { HealthCheck } from './discovery/health.ts';
import type { ObjectReader } from './endpoint.ts';
import type { Store } from './store/store.ts';

export interface HealthCheckOptions {
  readonly store: Store;
  readonly objects: ObjectReader;
  readonly clock: Clock;
  /** The serving certificate as PEM, the newest; without TLS none is checked. */
  readonly certificate: () => string | undefined;
  /** Checks of the parts that come from outside. */
  readonly more: readonly HealthCheck[];
  /** Whether the server has begun to stop. */
  readonly closing: () => boolean;
}

export interface HealthChecks {
  readonly live: readonly HealthCheck[];
  readonly ready: readonly HealthCheck[];
}

export function healthChecks({ store, objects, clock, certificate, more, closing }: HealthCheckOptions): HealthChecks {
  const stored = (name: string): HealthCheck => ({ name, check: () => store.check() });
  const exists = (name: string, found: () => unknown): HealthCheck => ({
    name: `poststarthook/${name}`,
    check: () => {
      if (found() === undefined) throw new Error('not finished');
    },
  });
  // A server that answers at all has read its store to the end, and keeps it in memory.
  const ping: HealthCheck = { name: 'ping', check: () => undefined };
  const logged: HealthCheck = { name: 'log', check: () => undefined };
  const serving: HealthCheck = { name: 'loopback-serving-certificate', check: () => checkCertificate(certificate(), clock.now()) };
  const priorityClasses = resources['priorityclasses.scheduling.k8s.io'];
  const hooks: readonly HealthCheck[] = [
    stored('poststarthook/generic-apiserver-start-informers'),
    exists('start-system-namespaces-controller', () => objects.get(resources.namespaces, '', 'kube-node-lease')),
    stored('poststarthook/storage-readiness'),
    ...more,
    exists('scheduling/bootstrap-system-priority-classes', () => objects.get(priorityClasses, '', 'system-node-critical')),
    exists('bootstrap-controller', () => objects.get(resources.services, 'default', 'kubernetes')),
    exists('start-kubernetes-service-cidr-controller', () => objects.get(resources['servicecidrs.networking.k8s.io'], '', 'kubernetes')),
  ];
  const shutdown: HealthCheck = {
    name: 'shutdown',
    check: () => {
      if (closing()) throw new Error('process is shutting down');
    },
  };
  return {
    live: [ping, logged, serving, stored('etcd'), ...hooks],
    ready: [ping, logged, stored('etcd'), stored('etcd-readiness'), stored('informer-sync'), ...hooks, shutdown],
  };
}

function checkCertificate(pem: string | undefined, now: number): void {
  if (pem === undefined) return;
  const { validTo } = new X509Certificate(pem);
  if (Date.parse(validTo) < now) throw new Error(`the serving certificate expired at ${validTo}`);
}
