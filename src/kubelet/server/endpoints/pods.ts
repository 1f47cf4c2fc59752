/** `/pods` and `/runningpods/`. */
import type { Pod } from '../../../api/types.ts';
import { sendJson, sendText } from '../../../net/respond.ts';
import { errorText } from '../../../util/log.ts';
import { goJson } from '../go-json.ts';
import type { Handler } from '../request.ts';

/** Parts of pods are never changed in place, so each is encoded once, however often it is listed. */
const encoded = new WeakMap<object, string>();

/** The list as Go encodes it: items without kind and apiVersion, `null` for none, one line. */
function podList(pods: readonly Pod[]): string {
  const items = pods.length === 0 ? 'null' : `[${pods.map(podJson).join(',')}]`;
  return `{"kind":"PodList","apiVersion":"v1","metadata":{},"items":${items}}\n`;
}

function podJson({ metadata, spec, status }: Pod): string {
  return `{"metadata":${partJson(metadata)},"spec":${spec === undefined ? '{"containers":null}' : partJson(spec)},"status":${partJson(status ?? {})}}`;
}

function partJson(part: object): string {
  const known = encoded.get(part);
  if (known !== undefined) return known;
  const text = goJson(part);
  encoded.set(part, text);
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
