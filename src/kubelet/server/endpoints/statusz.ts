import type { Handler, ServerContext } from '../request.ts';
import { sendPage, WARNING } from './zpages.ts';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Versions, start and running time (component-base `zpages/statusz`). */
export const statuszEndpoint: Handler = ({ exchange, context }) => {
  sendPage(exchange, { kind: 'Statusz', text: () => statusText(context), fields: () => statusFields(context) });
};

function statusText(context: ServerContext): string {
  const { startTime, uptimeSeconds, goVersion, binaryVersion, emulationVersion, paths } = statusFields(context);
  const two = (n: number): string => String(n).padStart(2, '0');
  const up = `${Math.floor(uptimeSeconds / 3600)} hr ${two(Math.floor(uptimeSeconds / 60) % 60)} min ${two(uptimeSeconds % 60)} sec`;
  return `\nkubelet statusz\n${WARNING}\n\nStarted: ${unixDate(new Date(startTime))}\nUp: ${up}\nGo version: ${goVersion}\nBinary version: ${binaryVersion}\nEmulation version: ${emulationVersion}\nPaths: ${paths.join(' ')}\n`;
}

interface Status extends Record<string, unknown> {
  readonly startTime: string;
  readonly uptimeSeconds: number;
  readonly goVersion: string;
  readonly binaryVersion: string;
  readonly emulationVersion: string;
  readonly paths: readonly string[];
}

function statusFields(context: ServerContext): Status {
  const startTime = new Date(context.startedAt).toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    startTime,
    uptimeSeconds: Math.floor((context.host.clock.now() - context.startedAt) / 1000),
    // Readers look for a runtime's version here; this one is Node's.
    goVersion: `node${process.versions.node}`,
    binaryVersion: context.version,
    emulationVersion: context.version.split('.').slice(0, 2).join('.'),
    paths: context.exactPaths,
  };
}

/** Go's `time.UnixDate` in UTC. */
function unixDate(date: Date): string {
  const clock = date.toISOString().slice(11, 19);
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2, ' ')} ${clock} UTC ${date.getUTCFullYear()}`;
}
