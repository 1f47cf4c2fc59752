/** `/pods` and `/runningpods/`. */
import type { Pod } from '../../../api/types.ts';
import { sendJson, sendText } from '../../../net/respond.ts';
import { errorText } from '../../../util/log.ts';
import type { Handler } from '../request.ts';
import { podJson } from './pod-json.ts';
import { isPodWatch, watchPodsEndpoint } from './watch-pods.ts';

/** The list as Go encodes it: items without kind and apiVersion, `null` for none, one line. */
function podList(pods: readonly Pod[]): string {
  const items = pods.length === 0 ? 'null' : `[${pods.map((pod) => podJson(pod)).join(',')}]`;
  return `{"kind":"PodList","apiVersion":"v1","metadata":{},"items":${items}}\n`;
}

export const podsEndpoint: Handler = (request) => {
  if (isPodWatch(request)) return watchPodsEndpoint(request);
  sendJson(request.exchange, 200, podList(request.context.view.pods()));
  return undefined;
};

export const runningPodsEndpoint: Handler = async ({ exchange, context }) => {
  try {
    sendJson(exchange, 200, podList(await context.view.runningPods()));
  } catch (error) {
    sendText(exchange, 500, errorText(error));
  }
};
