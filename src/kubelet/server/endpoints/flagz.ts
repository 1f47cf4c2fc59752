import { sendFlagz } from '../../../net/zpages.ts';
import type { Handler } from '../request.ts';

/** The flags and their values. */
export const flagzEndpoint: Handler = ({ exchange, context }) => sendFlagz(exchange, 'kubelet', context.flags);
