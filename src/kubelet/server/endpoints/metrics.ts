/** `/metrics…` and `/stats/summary`: who may ask and in which form; what is measured comes from `Measurements`. */
import { encoded, type Encoded } from '../../../metrics/encoded.ts';
import { exposition } from '../../../metrics/exposition.ts';
import { computed } from '../../../metrics/family.ts';
import { inFormat } from '../../../metrics/formats.ts';
import { acceptsGzip, negotiateFormat } from '../../../metrics/negotiate.ts';
import { processFamilies } from '../../../metrics/process.ts';
import { goHttpError, sendBytes, sendText } from '../../../net/respond.ts';
import { errorText } from '../../../util/log.ts';
import { formValues } from '../form.ts';
import type { Handler, ServerContext } from '../request.ts';

const NOT_MEASURED = 'nothing on this node measures this';

/** The expositions, by what they are about. */
export type MetricsBody = 'metrics' | 'cadvisor' | 'resource' | 'probes' | 'slis';

const START_TIME = 'process_start_time_seconds';
const START_TIME_HELP = '[ALPHA] Start time of the process since unix epoch in seconds.';

async function measure(body: MetricsBody, { measurements, metrics, host, startedAt }: ServerContext): Promise<Encoded> {
  if (body === 'metrics')
    return encoded(exposition([...metrics.families, ...(await processFamilies(host, startedAt)), ...(measurements.families ?? [])]));
  if (body === 'slis')
    return encoded(exposition([...metrics.slis, computed('gauge', START_TIME, START_TIME_HELP, () => startedAt / 1000)]));
  const measured = measurements[body];
  if (measured === undefined) throw new Error(NOT_MEASURED);
  return measured();
}

/** Serves one exposition in the format and encoding that the client wants (client_golang `promhttp`). Any method is served; DELETE forgets the outcomes of health checks. */
export function metricsEndpoint(about: MetricsBody): Handler {
  return async ({ exchange, context }) => {
    if (about === 'slis' && exchange.method === 'DELETE') {
      context.metrics.clearSlis();
      sendText(exchange, 200, 'metrics reset\n');
      return;
    }
    let measured: Encoded;
    try {
      measured = await measure(about, context);
    } catch (error) {
      goHttpError(exchange, 500, `An error has occurred while serving metrics:\n\n${errorText(error)}`);
      return;
    }
    const { accept, 'accept-encoding': encoding } = exchange.request.headers;
    // The original offers no OpenMetrics, and clients that would take it read its text: it is offered with the other extensions only.
    const { format, contentType } = negotiateFormat(accept, { openMetrics: context.features.apiExtensions });
    const zipped = acceptsGzip(encoding);
    const body = format === 'text' ? measured : encoded(inFormat(measured.text(), format));
    sendBytes(exchange, 200, zipped ? await body.gzipped() : body.bytes, {
      'Content-Type': contentType,
      'Process-Start-Time-Unix': String(Math.floor(context.startedAt / 1000)),
      ...(zipped && { 'Content-Encoding': 'gzip' }),
    });
  };
}

/** Serves the summary, indented by one space (kubelet `stats/handler.go`). */
export const summaryEndpoint: Handler = async (request) => {
  const { exchange, context } = request;
  try {
    const { summary } = context.measurements;
    const { values, problem } = await formValues(request);
    if (problem !== undefined) throw new Error(`parse form failed: ${problem}`);
    const only = values.getAll('only_cpu_and_memory');
    if (summary === undefined) throw new Error(NOT_MEASURED);
    const value = await summary(only.length === 1 && only[0] === 'true');
    sendBytes(exchange, 200, value.bytes, { 'Content-Type': 'application/json' });
  } catch (error) {
    sendText(exchange, 500, `Internal Error: ${errorText(error)}`);
  }
};
