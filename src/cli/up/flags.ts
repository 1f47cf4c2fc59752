/** What `nodelet up` takes: its own flags, and those of both halves. */
import { APISERVER_FLAGS } from '../../apiserver/flags.ts';
import { KUBELET_FLAGS } from '../../kubelet/flags.ts';
import type { FlagTable } from '../../util/flags.ts';
import { RUNTIME_FLAGS } from '../runtime-flags.ts';
import { defaultDataDir } from './data-dir.ts';

export const UP_FLAGS = [
  { name: 'data-dir', type: 'string', default: defaultDataDir(), placeholder: 'DIR', help: 'Where everything is kept.' },
  ...RUNTIME_FLAGS,
  { name: 'rm', type: 'bool', default: false, help: 'Stop and remove all containers at the end.' },
  {
    name: 'without-kubelet',
    type: 'bool',
    default: false,
    help: 'Start the API server and the controllers alone, for kubelets that join by themselves; kubelet.kubeconfig in the data directory lets the one of --hostname-override in.',
  },
] as const satisfies FlagTable;

const kubeletNames = new Set<string>(KUBELET_FLAGS.map((flag) => flag.name));
/** Places that lie in the data directory, and files that `up` makes itself. */
const OWNED = new Set(['kubeconfig', 'root-dir', 'cert-dir', 'bootstrap-kubeconfig', 'register-node']);

/** The kubelet's flags under `up`; those that `up` decides itself are left out. */
export const UP_KUBELET_FLAGS = KUBELET_FLAGS.filter((flag) => !OWNED.has(flag.name));
/** The API server's flags under `up`. Where both halves have a flag of one name, it is the kubelet's. */
export const UP_APISERVER_FLAGS = APISERVER_FLAGS.filter((flag) => !kubeletNames.has(flag.name));
