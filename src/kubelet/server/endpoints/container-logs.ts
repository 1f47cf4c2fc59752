/** `GET /containerLogs/{namespace}/{pod}/{container}` (kubernetes `pkg/kubelet/kubelet_pods.go` `GetKubeletContainerLogs`). */
import { ServerResponse } from 'node:http';
import { goQuote } from '../../../api/field-errors.ts';
import type { PodStatus } from '../../../api/types.ts';
import type { Exchange } from '../../../net/http.ts';
import { sendText } from '../../../net/respond.ts';
import { flushHead, writePart } from '../../../net/stream-answer.ts';
import { gateIsOn } from '../feature-gates.ts';
import { containersOf, containerStatus, podOf, runtimeId } from '../lookup.ts';
import { parseLogOptions } from '../logs/options.ts';
import { LogReadError, streamLog } from '../logs/stream-log.ts';
import type { Handler, KubeletRequest } from '../request.ts';

export const containerLogsEndpoint: Handler = async (request) => {
  const { exchange, params, context } = request;
  const parsed = parseLogOptions(exchange.target.query, context.host.clock.now());
  if (parsed.kind === 'refused') {
    sendText(exchange, parsed.status, parsed.message);
    return;
  }
  const { options } = parsed;
  const { pod: name = '', container = '' } = params;
  const pod = podOf(context.view, params);
  if (pod === undefined) {
    sendText(exchange, 404, `pod ${goQuote(name)} does not exist`);
    return;
  }
  if (!containersOf(pod.pod).some((c) => c.name === container)) {
    sendText(exchange, 404, `container ${goQuote(container)} not found in pod ${goQuote(name)}`);
    return;
  }
  if (options.stream !== 'All' && !gateIsOn(context.config, 'PodLogsQuerySplitStreams')) {
    const wanted = goQuote(options.stream);
    sendText(
      exchange,
      400,
      `unable to return the given log stream: ${wanted}. Please enable PodLogsQuerySplitStreams feature gate in kubelet`,
    );
    return;
  }
  const choice = chooseContainer(pod.status, name, container, options.previous);
  if ('problem' in choice) {
    startStream(exchange, 400);
    exchange.response.end(choice.problem);
    return;
  }
  startStream(exchange, 200);
  flushHead(exchange);
  await send(request, choice.id, choice.containerID, options);
  exchange.response.end();
};

/** Log answers are streams without a Content-Type from their first byte on. */
function startStream(exchange: Exchange, status: number): void {
  exchange.response.statusCode = status;
  if (exchange.response instanceof ServerResponse) exchange.response.setHeader('Transfer-Encoding', 'chunked');
}

/** What goes wrong now is text in an answer that has begun with 200. */
async function send(
  request: KubeletRequest,
  id: string,
  containerID: string,
  options: Parameters<typeof streamLog>[0]['options'],
): Promise<void> {
  const { exchange, context } = request;
  const { runtime } = context.view;
  let path: string;
  try {
    path = (await runtime.containerStatus(id)).logPath;
  } catch (error) {
    context.log.error('The runtime does not know the container whose log is asked for', { containerID, err: error });
    await writePart(exchange, `unable to retrieve container logs for ${containerID}`);
    return;
  }
  try {
    const { host } = context;
    await streamLog({ path, containerId: id, options, host, runtime, signal: exchange.signal, send: (part) => writePart(exchange, part) });
  } catch (error) {
    if (!(error instanceof LogReadError)) throw error;
    await writePart(exchange, error.message);
  }
}

type Choice = { readonly id: string; readonly containerID: string } | { readonly problem: string };

const IMAGE_PROBLEMS: Readonly<Record<string, string>> = {
  ErrImagePull: "image can't be pulled",
  ImagePullBackOff: 'trying and failing to pull image',
};

/** The container instance whose log is meant, or why there is none (kubelet `validateContainerLogStatus`). */
function chooseContainer(status: PodStatus, pod: string, container: string, previous: boolean): Choice {
  const named = `container ${goQuote(container)} in pod ${goQuote(pod)}`;
  const found = containerStatus(status, container);
  if (found === undefined) return { problem: `${named} is not available` };
  const pick = (containerID: string | undefined): Choice | undefined => {
    const id = runtimeId(containerID);
    return id === '' ? undefined : { id, containerID: containerID ?? '' };
  };
  const last = pick(found.lastState?.terminated?.containerID);
  if (previous) return last ?? { problem: `previous terminated ${named} not found` };
  const { running, terminated, waiting } = found.state ?? {};
  if (running !== undefined) return pick(found.containerID) ?? { problem: `${named} is not available` };
  if (terminated !== undefined) return pick(terminated.containerID) ?? last ?? { problem: `${named} is terminated` };
  if (last !== undefined) return last;
  if (waiting === undefined) return { problem: `${named} is waiting to start - no logs yet` };
  const reason = waiting.reason ?? '';
  return { problem: `${named} is waiting to start: ${Object.hasOwn(IMAGE_PROBLEMS, reason) ? (IMAGE_PROBLEMS[reason] ?? '') : reason}` };
}
