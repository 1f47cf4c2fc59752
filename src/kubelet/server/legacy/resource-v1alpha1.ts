/** `/metrics/resource/v1alpha1`, served by kubelets 1.14 to 1.19: the families of that version, under the names they had. */
import { goHttpError, sendText } from '../../../net/respond.ts';
import { errorText } from '../../../util/log.ts';
import type { Handler } from '../request.ts';

/** Today's name of each family, and its name then. */
const FAMILIES: Readonly<Record<string, string>> = {
  node_cpu_usage_seconds_total: 'node_cpu_usage_seconds_total',
  node_memory_working_set_bytes: 'node_memory_working_set_bytes',
  container_cpu_usage_seconds_total: 'container_cpu_usage_seconds_total',
  container_memory_working_set_bytes: 'container_memory_working_set_bytes',
  resource_scrape_error: 'scrape_error',
};

export const resourceV1alpha1Endpoint: Handler = async ({ exchange, context }) => {
  try {
    const { resource } = context.measurements;
    if (resource === undefined) throw new Error('nothing on this node measures this');
    sendText(exchange, 200, v1alpha1((await resource()).text()), { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' });
  } catch (error) {
    goHttpError(exchange, 500, `An error has occurred while serving metrics:\n\n${errorText(error)}`);
  }
};

/** The lines of an exposition that v1alpha1 had. */
export function v1alpha1(text: string): string {
  return text
    .split('\n')
    .flatMap((line) => {
      const [, before = '', name = '', rest = ''] = /^(# (?:HELP|TYPE) )?([a-zA-Z_:][\w:]*)(.*)$/.exec(line) ?? [];
      const then = Object.hasOwn(FAMILIES, name) ? FAMILIES[name] : undefined;
      return then === undefined ? [] : [`${before}${then}${rest}\n`];
    })
    .join('');
}
