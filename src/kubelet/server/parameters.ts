/** Query parameters that routes share, or that are many. */
import type { QueryParameter, Setting } from './route.ts';

type Parameters = Readonly<Record<string, QueryParameter>>;

const extension: Setting = 'apiExtensions';

/** `/pods` itself looks at no parameter: only with extensions on may it be watched. */
export const POD_WATCH: Parameters = {
  watch: { type: 'boolean', doc: 'Sends what changes, as the API server’s watches do.', only: extension },
  labelSelector: { type: 'string', doc: 'Of a watch: the pods to show, by labels.', only: extension },
  fieldSelector: { type: 'string', doc: 'Of a watch: the pods to show, by fields.', only: extension },
  timeoutSeconds: { type: 'integer', doc: 'Of a watch: when it ends.', only: extension },
};

export const LOG_OPTIONS: Parameters = {
  follow: { type: 'boolean', doc: 'Goes on as lines are written.' },
  previous: { type: 'boolean', doc: 'The log of the container’s last run before this one.' },
  timestamps: { type: 'boolean', doc: 'Puts the time before each line.' },
  sinceSeconds: { type: 'integer', doc: 'Lines of the last so many seconds.' },
  sinceTime: { type: 'string', doc: 'Lines since then (RFC 3339).' },
  tailLines: { type: 'integer', doc: 'The last so many lines.' },
  limitBytes: { type: 'integer', doc: 'Ends after so many bytes.' },
  stream: { type: 'string', doc: '`All`, `Stdout` or `Stderr`.', only: 'gate:PodLogsQuerySplitStreams' },
};

export const STREAMS: Parameters = {
  input: { type: 'boolean', doc: '`1`: a stream to the process.' },
  output: { type: 'boolean', doc: '`1`: its output.' },
  error: { type: 'boolean', doc: '`1`: its error output; not with a terminal.' },
  tty: { type: 'boolean', doc: '`1`: a terminal.' },
};

export const LOG_QUERY: Parameters = {
  query: { type: 'strings', doc: 'Services, or one file, whose log is wanted; needs enableSystemLogQuery, as all that follow.' },
  sinceTime: { type: 'string', doc: 'Lines since then (RFC 3339).' },
  untilTime: { type: 'string', doc: 'Lines until then (RFC 3339).' },
  tailLines: { type: 'integer', doc: 'The last so many lines, at most 100000.' },
  boot: { type: 'integer', doc: '0 for this boot, -1 for the one before it.' },
  pattern: { type: 'string', doc: 'Lines that match (PCRE).' },
};
