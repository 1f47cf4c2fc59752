/** What `up` tells its user: what is where, which runtime, what to type next. */

export interface Announcement {
  readonly nodeName: string;
  readonly apiServer: readonly string[];
  /** Its address, or how one is let in. */
  readonly kubelet: string;
  readonly dataDir: string;
  readonly kubeconfig: string;
  /** Absent without a kubelet. */
  readonly runtime?: { readonly name: string; readonly why: string };
  readonly notices: readonly string[];
  readonly tookMs: number;
  readonly resumed: boolean;
  /** What becomes of containers when nodelet stops. */
  readonly containers: 'kept' | 'removed';
}

/** The lines; `bold` marks text on a terminal. */
export function announcement(it: Announcement, bold: (text: string) => string = (text) => text): string {
  const row = (name: string, value: string): string => `  ${name.padEnd(12)}${value}\n`;
  return [
    `${bold(`nodelet is up`)} after ${Math.round(it.tookMs)} ms${it.resumed ? ', with what was there before' : ''}\n`,
    row('node', it.nodeName),
    row('API server', it.apiServer.join(', ')),
    row('kubelet', it.kubelet),
    ...(it.runtime === undefined ? [] : [row('runtime', `${it.runtime.name} (${it.runtime.why})`)]),
    row('data', it.dataDir),
    ...it.notices.map((notice) => row('note', notice)),
    `\nNext, in another terminal:\n  ${bold(`export KUBECONFIG=${it.kubeconfig}`)}\n  ${bold('kubectl get nodes')}\n`,
    it.runtime === undefined
      ? 'Ctrl-C stops nodelet.\n'
      : `Ctrl-C stops nodelet and ${it.containers === 'kept' ? 'leaves containers running' : 'removes its containers'}.\n`,
  ].join('');
}
