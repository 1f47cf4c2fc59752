/** `/pods` and `/runningpods/`. */
import type { Pod } from '../../../api/types.ts';
import { sendBytes, sendText } from '../../../net/respond.ts';
import { errorText } from '../../../util/log.ts';
import type { Exchange } from '../../../net/http.ts';
import type { NodeView } from '../node-view.ts';
import type { Handler } from '../request.ts';
import { podJson } from './pod-json.ts';
import { isPodWatch, watchPodsEndpoint } from './watch-pods.ts';

/** The list as Go encodes it: items without kind and apiVersion, `null` for none, one line. */
function podList(pods: readonly Pod[]): Buffer {
  const items = pods.length === 0 ? 'null' : `[${pods.map((pod) => podJson(pod)).join(',')}]`;
  return Buffer.from(`{"kind":"PodList","apiVersion":"v1","metadata":{},"items":${items}}\n`);
}

interface EncodedList {
  /** Metadata, spec and status of each pod, in order: parts of pods are never changed in place. */
  readonly parts: readonly unknown[];
  readonly bytes: Buffer;
}

/** The last list of each node, as long as nothing in it has changed. */
const lists = new WeakMap<NodeView, EncodedList>();

function encodedList(view: NodeView): Buffer {
  const pods = view.pods();
  const parts = pods.flatMap(({ metadata, spec, status }): unknown[] => [metadata, spec, status]);
  const known = lists.get(view);
  if (known !== undefined && known.parts.length === parts.length && known.parts.every((part, i) => part === parts[i])) return known.bytes;
  const bytes = podList(pods);
  lists.set(view, { parts, bytes });
  return bytes;
}

function sendList(exchange: Exchange, list: Buffer): void {
  sendBytes(exchange, 200, list, { 'Content-Type': 'application/json' });
}

export const podsEndpoint: Handler = (request) => {
  if (isPodWatch(request)) return watchPodsEndpoint(request);
  sendList(request.exchange, encodedList(request.context.view));
  return undefined;
};

export const runningPodsEndpoint: Handler = async ({ exchange, context }) => {
  try {
    sendList(exchange, podList(await context.view.runningPods()));
  } catch (error) {
    sendText(exchange, 500, errorText(error));
  }
};
