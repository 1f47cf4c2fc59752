/** `GET /pods?watch=true`: the node's pods as a watch in the API server's form, behind `--kubelet-api-extensions`. */
import { checkFieldSelector, parseFieldSelector, parseLabelSelector, SelectorError, selectableFields } from '../../../api/selectors.ts';
import { resources } from '../../../api/resources.ts';
import type { Pod } from '../../../api/types.ts';
import { sendText, writeHead } from '../../../net/respond.ts';
import { flushHead, writePart } from '../../../net/stream-answer.ts';
import type { Handler, KubeletRequest } from '../request.ts';
import { podJson } from './pod-json.ts';

/** How often the pods are looked at. What changes in between is one event: a client sees every pod's newest state. */
const LOOK_MS = 100;
const TRUE = new Set(['true', '1', 'True', 'TRUE', 't', 'T']);
const MAX_TIMEOUT_S = 2 ** 31;

/** Whether a request to `/pods` asks for a watch, and this server has it. */
export function isPodWatch({ exchange, context }: KubeletRequest): boolean {
  return context.features.apiExtensions && TRUE.has(exchange.target.query.get('watch') ?? '');
}

type Wanted = (pod: Pod) => boolean;

export const watchPodsEndpoint: Handler = async (request) => {
  const { exchange, context } = request;
  const { query } = exchange.target;
  let wanted: Wanted;
  try {
    wanted = selection(query);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    sendText(exchange, 400, error.message);
    return;
  }
  const seconds = Number(query.get('timeoutSeconds') ?? 0);
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > MAX_TIMEOUT_S) {
    sendText(exchange, 400, `strconv.ParseInt: parsing ${JSON.stringify(query.get('timeoutSeconds'))}: invalid syntax`);
    return;
  }
  writeHead(exchange, 200, { 'Content-Type': 'application/json' });
  flushHead(exchange);
  const { clock } = context.host;
  const end = seconds === 0 ? Infinity : clock.monotonic() + seconds * 1000;
  const shown = new Map<string, { readonly pod: Pod; readonly text: string }>();
  while (!exchange.signal.aborted && clock.monotonic() < end) {
    // A reader that is slow is waited for here; it then gets the difference to what it has read.
    for (const event of difference(shown, context.view.pods().filter(wanted))) if (!(await writePart(exchange, event))) return;
    await clock.sleep(Math.min(LOOK_MS, end - clock.monotonic()), exchange.signal);
  }
  exchange.response.end();
};

function selection(query: URLSearchParams): Wanted {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '');
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '');
  checkFieldSelector(resources.pods, fields);
  return (pod) => labels.matches(pod.metadata.labels ?? {}) && fields.matches(selectableFields(resources.pods, pod));
}

/** The events from what was shown to what is now, which is then what was shown. */
export function* difference(shown: Map<string, { readonly pod: Pod; readonly text: string }>, pods: readonly Pod[]): Generator<string> {
  const present = new Set<string>();
  for (const pod of pods) {
    const key = pod.metadata.uid ?? `${pod.metadata.namespace}/${pod.metadata.name}`;
    present.add(key);
    const before = shown.get(key);
    if (before !== undefined && sameParts(before.pod, pod)) continue;
    const text = podJson(pod, true);
    shown.set(key, { pod, text });
    if (before === undefined) yield event('ADDED', text);
    else if (before.text !== text) yield event('MODIFIED', text);
  }
  for (const [key, { text }] of shown) {
    if (present.has(key)) continue;
    shown.delete(key);
    yield event('DELETED', text);
  }
}

/** Parts are never changed in place: the same ones say the same. */
function sameParts(a: Pod, b: Pod): boolean {
  return a.metadata === b.metadata && a.spec === b.spec && a.status === b.status;
}

const event = (type: string, object: string): string => `{"type":"${type}","object":${object}}\n`;
