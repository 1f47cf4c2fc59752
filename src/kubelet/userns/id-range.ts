/** The ids of this machine that pods may be mapped to (kubernetes `pkg/kubelet/kubelet_pods.go`, getKubeletMappings; `pkg/kubelet/userns/userns_manager.go`). */
import type { Host } from '../../util/host.ts';
import { errorText } from '../../util/log.ts';

export interface IdRange {
  readonly first: number;
  readonly length: number;
}

export const DEFAULT_IDS_PER_POD = 65_536;
const UNIT = 65_536;
const ALL_IDS = 2 ** 32;
const USER = 'kubelet';
const LARGEST = ALL_IDS - 1;

/**
 * What `getsubids` says of the user kubelet; without that user or program all ids but the first `idsPerPod`.
 * Rejects with the original's text when the answer is none, differs for groups, or cannot be cut into pods.
 */
export async function kubeletIdRange(host: Pick<Host, 'files' | 'processes'>, idsPerPod: number, maxPods: number): Promise<IdRange> {
  const range = (await configuredRange(host)) ?? { first: idsPerPod, length: ALL_IDS - idsPerPod };
  checkRange(range, idsPerPod, maxPods);
  return range;
}

async function configuredRange({ files, processes }: Pick<Host, 'files' | 'processes'>): Promise<IdRange | undefined> {
  const users = await files.readFile('/etc/passwd', 'utf8').catch(() => '');
  if (!new RegExp(`^${USER}:`, 'm').test(users)) return undefined;
  const [uids, gids] = await Promise.all([subordinate(processes, 'uids', []), subordinate(processes, 'gids', ['-g'])]);
  if (uids === undefined || gids === undefined) return undefined;
  if (uids !== gids) throw new Error(`mismatched subuids and subgids for user "${USER}"`);
  return parseSubordinateIds(uids);
}

/** Undefined when there is no such program. */
async function subordinate(processes: Host['processes'], what: string, flags: readonly string[]): Promise<string | undefined> {
  let outcome;
  try {
    outcome = await processes.run('getsubids', [...flags, USER]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`error retrieving additional ${what} for user "${USER}": ${errorText(error)}`, { cause: error });
  }
  if (outcome.code !== 0) throw new Error(`error retrieving additional ${what} for user "${USER}": exit status ${outcome.code ?? -1}`);
  return outcome.stdout.toString();
}

/** `0: kubelet 65536 7208960`: one line. */
export function parseSubordinateIds(text: string): IdRange {
  const lines = text.replaceAll(/^\n+|\n+$/g, '').split('\n');
  const [line = ''] = lines;
  if (lines.length !== 1) throw new Error(`error parsing line ${JSON.stringify(text)}: it must contain only one line`);
  const parts = line.split(/\s+/).filter((part) => part !== '');
  if (parts.length !== 4) throw new Error(`invalid line ${JSON.stringify(text)}`);
  const [first, length] = parts.slice(2).map((part) => {
    const id = /^\d+$/.test(part) ? Number(part) : NaN;
    if (!(id <= LARGEST)) throw new Error(`error parsing line ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(part)}`);
    return id;
  });
  return { first: first ?? 0, length: length ?? 0 };
}

function checkRange({ first, length }: IdRange, idsPerPod: number, maxPods: number): void {
  if (idsPerPod % UNIT !== 0) throw new Error(`kubelet user namespace length ${idsPerPod} is not a multiple of ${UNIT}`);
  if (first % idsPerPod !== 0) throw new Error(`kubelet user assigned ID ${first} is not a multiple of ${idsPerPod}`);
  // Root of this machine is never given away.
  if (first < idsPerPod) throw new Error(`kubelet user assigned ID ${first} must be greater or equal to ${idsPerPod}`);
  if (length % idsPerPod !== 0) throw new Error(`kubelet user assigned IDs length ${length} is not a multiple of ${idsPerPod}`);
  if (length / idsPerPod < maxPods) throw new Error(`kubelet user assigned IDs are not enough to support ${maxPods} pods`);
}
