/** How long certificates that the kubelet asked for are good, and how renewing them goes (kubernetes `pkg/kubelet/certificate/kubelet.go`). */
import { X509Certificate } from 'node:crypto';
import type { Clock } from '../../util/clock.ts';
import { computed, counter, histogram, type MetricFamily } from '../../metrics/family.ts';

/** Told how renewals go. */
export interface RenewalObserver {
  /** A certificate took the place of another, which is in PEM. */
  rotated(before: string): void;
  failed(): void;
}

export interface CertificateMetrics extends RenewalObserver {
  /** `current` gives the certificate in use in PEM, or nothing. */
  families(current: () => string | undefined): readonly MetricFamily[];
}

const ROTATION = [60, 3600, 14_400, 86_400, 604_800, 2_592_000, 7_776_000, 15_552_000, 31_104_000, 124_416_000];
const RENEWAL_HELP = '[ALPHA] Counter of certificate renewal errors.';
const ttlHelp = (which: string, what: string): string =>
  `[ALPHA] Gauge of the ${which}TTL (time-to-live) of the Kubelet's ${what} certificate. The value is in seconds until certificate expiry (negative if already expired). If ${what} certificate is invalid or unused, the value will be +INF.`;

export function certificateMetrics(kind: 'server' | 'client', clock: Clock): CertificateMetrics {
  const server = kind === 'server';
  const errors = counter({
    name: server ? 'kubelet_server_expiration_renew_errors' : 'kubelet_certificate_manager_client_expiration_renew_errors',
    help: RENEWAL_HELP,
  });
  const lives = histogram({
    name: 'kubelet_certificate_manager_server_rotation_seconds',
    help: '[ALPHA] Histogram of the number of seconds the previous certificate lived before being rotated.',
    buckets: ROTATION,
  });
  return {
    rotated(before) {
      const made = parsed(before)?.validFrom;
      if (made !== undefined) lives.observe(Math.max(0, clock.now() - Date.parse(made)) / 1000);
    },
    failed: () => errors.increase(),
    families: (current) => [
      computed(
        'gauge',
        `kubelet_certificate_manager_${kind}_ttl_seconds`,
        server ? ttlHelp('shortest ', 'serving') : ttlHelp('', 'client'),
        () => {
          const until = parsed(current() ?? '')?.validTo;
          return until === undefined ? Infinity : Math.trunc((Date.parse(until) - clock.now()) / 1000);
        },
      ),
      errors,
      ...(server ? [lives] : []),
    ],
  };
}

function parsed(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
