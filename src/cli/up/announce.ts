/** What `up` tells its user: what is where, which runtime, what to type next. */

export interface Announcement {
  readonly nodeName: string;
  readonly apiServer: readonly string[];
  readonly kubelet: string;
  readonly dataDir: string;
  readonly kubeconfig: string;
  readonly runtime: string;
  readonly why: string;
  readonly notices: readonly string[];
  readonly tookMs: number;
  readonly resumed: boolean;
}

/** The lines; `bold` marks text on a terminal. */
export function announcement(it: Announcement, bold: (text: string) => string = (text) => text): string {
  const row = (name: string, value: string): string => `  ${name.padEnd(12)}${value}\n`;
  return [
    `${bold(`nodelet is up`)} after ${Math.round(it.tookMs)} ms${it.resumed ? ', with what was there before' : ''}\n`,
    row('node', it.nodeName),
    row('API server', it.apiServer.join(', ')),
    row('kubelet', it.kubelet),
    row('runtime', `${it.runtime} (${it.why})`),
    row('data', it.dataDir),
    ...it.notices.map((notice) => row('note', notice)),
    `\nNext, in another terminal:\n  ${bold(`export KUBECONFIG=${it.kubeconfig}`)}\n  ${bold('kubectl get nodes')}\n`,
    'Ctrl-C stops nodelet and leaves containers running.\n',
  ].join('');
}
