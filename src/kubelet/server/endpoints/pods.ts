/** `/pods` and `/runningpods/`. */
import type { Pod } from '../../../api/types.ts';
import { sendJson, sendText } from '../../../net/respond.ts';
import { errorText } from '../../../util/log.ts';
import { goJson } from '../go-json.ts';
import type { Handler } from '../request.ts';

/** A pod that has not changed is encoded once, however often it is listed. */
const encoded = new WeakMap<Pod, string>();

/** The list as Go encodes it: items without kind and apiVersion, `null` for none, one line. */
function podList(pods: readonly Pod[]): string {
  const items = pods.length === 0 ? 'null' : `[${pods.map(podJson).join(',')}]`;
  return `{"kind":"PodList","apiVersion":"v1","metadata":{},"items":${items}}\n`;
}

function podJson(pod: Pod): string {
  const known = encoded.get(pod);
  if (known !== undefined) return known;
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = pod;
  const text = goJson({ metadata: rest.metadata, spec: rest.spec ?? { containers: null }, status: rest.status ?? {} });
  encoded.set(pod, text);
  return text;
}

export const podsEndpoint: Handler = ({ exchange, context }) => {
  sendJson(exchange, 200, podList(context.view.pods()));
};

export const runningPodsEndpoint: Handler = async ({ exchange, context }) => {
  try {
    sendJson(exchange, 200, podList(await context.view.runningPods()));
  } catch (error) {
    sendText(exchange, 500, errorText(error));
  }
};
