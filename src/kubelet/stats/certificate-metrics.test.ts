import { describe, expect, it } from 'vitest';
import { createCertificateAuthority, issueCertificate } from '../../auth/x509/issue.ts';
import { exposition } from '../../metrics/exposition.ts';
import { systemHost } from '../../util/host.ts';
import { certificateMetrics } from './certificate-metrics.ts';

const NOW = 1_700_000_000_000;
const HOUR_MS = 3_600_000;
const clock = { ...systemHost.clock, now: () => NOW };
const ca = createCertificateAuthority({ commonName: 'ca', now: NOW });
const { cert } = issueCertificate({
  ca,
  subject: { commonName: 'node' },
  usages: ['serverAuth'],
  notBefore: NOW - 2 * HOUR_MS,
  notAfter: NOW + HOUR_MS,
});

describe('a certificate that the cluster grants', () => {
  it('tells how long it is good, how long the last one lived, and what failed', () => {
    const metrics = certificateMetrics('server', clock);
    metrics.rotated(cert);
    metrics.failed();
    const text = exposition(metrics.families(() => cert));
    for (const line of [
      'kubelet_certificate_manager_server_ttl_seconds 3600',
      'kubelet_certificate_manager_server_rotation_seconds_bucket{le="3600"} 0',
      'kubelet_certificate_manager_server_rotation_seconds_bucket{le="14400"} 1',
      'kubelet_server_expiration_renew_errors 1',
    ])
      expect(text).toContain(`\n${line}\n`);
  });

  it('is good for ever when there is none, or one that cannot be read', () => {
    for (const none of [undefined, '', 'no certificate'])
      expect(exposition(certificateMetrics('client', clock).families(() => none))).toContain(
        '\nkubelet_certificate_manager_client_ttl_seconds +Inf\n',
      );
  });
});
