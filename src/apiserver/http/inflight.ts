/** How many requests run at once (apiserver `pkg/server/filters/maxinflight.go`). */
import type { RequestInfo } from '../../api/request-info.ts';
import type { UserInfo } from '../../auth/types.ts';

export interface InflightLimits {
  /** Requests that only read; 0 is no limit. */
  readonly reading: number;
  /** Requests that write; 0 is no limit. */
  readonly mutating: number;
}

/** The limits of kube-apiserver's flags. */
export const DEFAULT_INFLIGHT: InflightLimits = { reading: 400, mutating: 200 };

const READING: ReadonlySet<string> = new Set(['get', 'list', 'watch']);
const LONG_VERBS: ReadonlySet<string> = new Set(['watch', 'proxy']);
const LONG_SUBRESOURCES: ReadonlySet<string> = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);
/** Always gets an answer: whoever mends an overrun server. */
const PRIVILEGED = 'system:masters';

/** Whether a request lasts as long as its client likes; such requests have no limits and no deadline. */
export function isLongRunning(info: RequestInfo): boolean {
  if (!info.isResource) return info.path.startsWith('/debug/pprof/');
  return LONG_VERBS.has(info.verb) || LONG_SUBRESOURCES.has(info.subresource);
}

/** Counts requests: `enter` gives the way out, or nothing when there are too many already. */
export interface Inflight {
  enter(info: RequestInfo, user: UserInfo): (() => void) | undefined;
}

const leave = (): void => undefined;

export function createInflight(limits: InflightLimits): Inflight {
  const running = { reading: 0, mutating: 0 };
  return {
    enter(info, user) {
      if (isLongRunning(info)) return leave;
      const kind = READING.has(info.verb) ? 'reading' : 'mutating';
      if (limits[kind] === 0) return leave;
      if (running[kind] >= limits[kind]) return user.groups.includes(PRIVILEGED) ? leave : undefined;
      running[kind] += 1;
      return () => {
        running[kind] -= 1;
      };
    },
  };
}
