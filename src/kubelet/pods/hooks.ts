/** Lifecycle hooks of containers (kubernetes `pkg/kubelet/lifecycle/handlers.go`). */
import http from 'node:http';
import https from 'node:https';
import type { ObjectOf } from '../../api/types.ts';
import { errorText } from '../../util/log.ts';
import { podText, type AnyContainer, type NodePod } from './pod.ts';
import type { PodServices } from './services.ts';

type Handler = ObjectOf<'core/v1.LifecycleHandler'>;

export interface HookContext {
  readonly pod: NodePod;
  readonly container: AnyContainer;
  readonly containerId: string;
  readonly podIP: string;
  readonly signal: AbortSignal;
}

/** Characters of a hook's output that its error shows. */
const MAX_OUTPUT = 10_240;

/** Runs a hook to its end. Rejects with the text that the status shows; a hook of no kind is one that fails. */
export async function runHook(services: PodServices, handler: Handler, context: HookContext): Promise<void> {
  if (handler.exec) return execHook(services, handler.exec.command ?? [], context);
  if (handler.httpGet) return httpHook(handler.httpGet, context);
  if (handler.sleep) return sleepHook(services, handler.sleep.seconds, context);
  throw new Error('invalid handler: no handler is set');
}

/** Ends before its time when its container does: there is nothing left to wait for. A command in the container ends with it by itself. */
async function sleepHook({ runtime, host, metrics }: PodServices, seconds: number, { containerId, signal }: HookContext): Promise<void> {
  const over = new AbortController();
  const end = (): void => over.abort();
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  runtime.onEvent(({ type, id }) => {
    if (id === containerId && (type === 'containerStopped' || type === 'containerDeleted')) end();
  }, over.signal);
  try {
    // It may have ended before anyone listened.
    const ended = runtime.containerStatus(containerId).then(
      ({ state }) => state === 'exited' && end(),
      () => undefined,
    );
    await Promise.race([Promise.all([ended, host.clock.sleep(seconds * 1000, over.signal)]), aborted(over.signal)]);
    if (over.signal.aborted) metrics.sleepActionTerminatedEarly.increase();
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

async function execHook(
  { runtime }: PodServices,
  command: readonly string[],
  { containerId, pod, container, signal }: HookContext,
): Promise<void> {
  const fail = (error: string, output: string): Error =>
    new Error(
      `Exec lifecycle hook ([${command.join(' ')}]) for Container "${container.name}" in Pod "${podText(pod)}" failed - error: ${error}, message: ${JSON.stringify(output)}`,
    );
  let result;
  try {
    result = await unlessAborted(runtime.execSync(containerId, command, 0), signal);
  } catch (error) {
    throw fail(errorText(error), '');
  }
  const output = Buffer.concat([result.stdout, result.stderr]).subarray(0, MAX_OUTPUT).toString('utf8');
  if (result.exitCode !== 0)
    throw fail(
      `command '${command.join(' ')}' exited with ${result.exitCode}: ${result.stderr.subarray(0, MAX_OUTPUT).toString('utf8')}`,
      output,
    );
}

type HttpGet = ObjectOf<'core/v1.HTTPGetAction'>;

/** Any answer is a success: the status code is not looked at. */
function httpHook(get: HttpGet, { pod, container, podIP, signal }: HookContext): Promise<void> {
  const port = portNumber(get.port, container);
  const secure = get.scheme === 'HTTPS';
  const headers: Record<string, string> = { 'user-agent': 'kube-lifecycle/1.36', accept: '*/*' };
  for (const { name, value } of get.httpHeaders ?? []) headers[name.toLowerCase()] = value;
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(
        new Error(
          `HTTP lifecycle hook (${get.path ?? '/'}) for Container "${container.name}" in Pod "${podText(pod)}" failed - error: ${error.message}`,
        ),
      );
    const options = {
      host: get.host !== undefined && get.host !== '' ? get.host : podIP,
      port,
      path: get.path ?? '/',
      headers,
      signal,
      rejectUnauthorized: false,
    };
    const request = (secure ? https : http).get(options, (response) => {
      response.resume();
      response.on('end', resolve);
      response.on('error', fail);
    });
    request.on('error', fail);
  });
}

/** A port by number, or by the name that the container gives it. */
export function portNumber(port: number | string, container: AnyContainer): number {
  if (typeof port === 'number') return port;
  const named = (container.ports ?? []).find((p) => p.name === port);
  if (named) return named.containerPort;
  if (/^\d+$/.test(port)) return Number(port);
  throw new Error(`strconv.Atoi: parsing ${JSON.stringify(port)}: invalid syntax`);
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** Settles as the call does, or rejects as soon as the signal is aborted; the call itself goes on. */
export function unlessAborted<T>(call: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Error('the call was called off'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    call.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
