import { sendStatusz } from '../../../net/zpages.ts';
import type { Handler } from '../request.ts';

/** Versions, start and running time. */
export const statuszEndpoint: Handler = ({ exchange, context }) => {
  const { startedAt, version, exactPaths: paths } = context;
  sendStatusz(exchange, { component: 'kubelet', startedAt, now: context.host.clock.now(), version, paths });
};
