import { goQuote } from '../../../api/field-errors.ts';
import { sendBytes, sendEmpty, sendText } from '../../../net/respond.ts';
import { podOf, runningContainerId } from '../lookup.ts';
import type { Handler } from '../request.ts';
import { grpcText } from '../runtime-errors.ts';

/** Runs `cmd`, split at each space, to its end; the answer is its output (kubelet `RunInContainer`). Only the URL's query is read. */
export const runEndpoint: Handler = async ({ exchange, params, context }) => {
  const pod = podOf(context.view, params);
  if (pod === undefined) {
    sendText(exchange, 404, 'pod does not exist');
    return;
  }
  const container = params['container'] ?? '';
  const id = runningContainerId(pod, container);
  if (id === undefined) {
    sendText(exchange, 500, `container not found (${goQuote(container)})`);
    return;
  }
  const command = exchange.target.query.get('cmd') ?? '';
  try {
    const { stdout, stderr, exitCode } = await context.view.runtime.execSync(id, command.split(' '), 0);
    if (exitCode !== 0) {
      sendText(exchange, 500, `command '${command}' exited with ${exitCode}: ${stderr.toString()}`);
      return;
    }
    const output = Buffer.concat([stdout, stderr]);
    if (output.length === 0) sendEmpty(exchange, 200);
    else sendBytes(exchange, 200, output, { 'Content-Type': 'application/json' });
  } catch (error) {
    sendText(exchange, 500, grpcText(error));
  }
};
