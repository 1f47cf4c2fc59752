/** Feeds the families of access control and of the client from what those tell. */
import type { RequestObserver } from '../../client/transport.ts';
import type { AccessObserver } from '../auth/access.ts';
import type { KubeletMetrics } from './kubelet-metrics.ts';

/** `code` of a request that got no answer. */
const NO_ANSWER = '<error>';

/** Counts requests to the API server at `server` (component-base `metrics/prometheus/restclient/metrics.go`). */
export function requestObserver(metrics: KubeletMetrics, server: string): RequestObserver {
  const { host } = new URL(server);
  return ({ method, status, seconds, sentBytes, receivedBytes }) => {
    metrics.restClientRequests.increase([status === undefined ? NO_ANSWER : String(status), host, method]);
    metrics.restClientRequestDuration.observe(seconds, [host, method]);
    metrics.restClientRequestSizeBytes.observe(sentBytes, [host, method]);
    if (receivedBytes !== undefined) metrics.restClientResponseSizeBytes.observe(receivedBytes, [host, method]);
  };
}

/** Counts reviews, cached answers and client certificates (apiserver `pkg/authentication`, `pkg/server/options`). */
export function accessObserver(metrics: KubeletMetrics): AccessObserver {
  for (const status of ['blocked', 'in_flight']) metrics.authenticationTokenCacheActiveFetchCount.set(0, [status]);
  return {
    reviewed(kind, code, seconds) {
      const [total, duration] =
        kind === 'token'
          ? [metrics.delegatedAuthnRequest, metrics.delegatedAuthnRequestDuration]
          : [metrics.delegatedAuthzRequest, metrics.delegatedAuthzRequestDuration];
      total.increase([code]);
      duration.observe(seconds, [code]);
    },
    tokenLookup(hit, seconds) {
      metrics.authenticationTokenCacheRequest.increase([hit ? 'hit' : 'miss']);
      metrics.authenticationTokenCacheRequestDuration.observe(seconds, [hit ? 'hit' : 'miss']);
    },
    tokenFetch(change) {
      metrics.authenticationTokenCacheActiveFetchCount.increase(['in_flight'], change === 'began' ? 1 : -1);
      if (change !== 'began') metrics.authenticationTokenCacheFetch.increase([change]);
    },
    certificate: (remainingSeconds) => metrics.clientCertificateExpiration.observe(remainingSeconds),
  };
}
