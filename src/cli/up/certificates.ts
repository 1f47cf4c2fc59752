/** The certificates of `up`: made at the start, renewed when the machine's addresses change or their time comes. */
import { hostname } from 'node:os';
import { ensurePki, type Pki } from '../../auth/pki.ts';
import type { TlsMaterial } from '../../net/http.ts';
import type { Host } from '../../util/host.ts';
import { allAddresses } from './machine.ts';
import { LOCALHOST, type UpSettings } from './settings.ts';

/** Names under which pods reach the API server. */
export const KUBERNETES_NAMES = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'];
const ADDRESS_CHECK_MS = 60_000;
/** Certificates that are about to end are looked for this often. */
const CALENDAR_CHECK_MS = 3_600_000;

export function makeCertificates({ dir, serviceIP, gateway, nodeIPs, nodeName }: UpSettings, host: Host): Promise<Pki> {
  return ensurePki(dir.pki, {
    hostnames: ['localhost', hostname(), ...KUBERNETES_NAMES],
    ips: [...new Set([LOCALHOST, serviceIP, gateway, ...nodeIPs, ...allAddresses()])],
    nodeName,
    files: host.files,
    now: host.clock.now(),
  });
}

/** What the API server serves with. */
export function servingTls(pki: Pki): TlsMaterial {
  return { cert: pki.apiserver.cert, key: pki.apiserver.key, requestClientCert: true, clientCAs: pki.ca.cert };
}

/** Looks now and then; calls `renewed` with what has changed. The kubelet watches its own files. */
export function startRenewal(settings: UpSettings, host: Host, renewed: (pki: Pki) => void): { stop(): void } {
  let known = allAddresses().toSorted().join();
  let checkedAt = host.clock.now();
  async function check(): Promise<void> {
    const present = allAddresses().toSorted().join();
    if (present === known && host.clock.now() - checkedAt < CALENDAR_CHECK_MS) return;
    known = present;
    checkedAt = host.clock.now();
    const pki = await makeCertificates(settings, host);
    if (pki.written.length === 0) return;
    settings.log.info('Renewed certificates', { files: pki.written });
    renewed(pki);
  }
  const timer = host.clock.every(ADDRESS_CHECK_MS, () => {
    check().catch((error: unknown) => settings.log.error('Certificates could not be renewed', { error }));
  });
  return { stop: () => timer.cancel() };
}
