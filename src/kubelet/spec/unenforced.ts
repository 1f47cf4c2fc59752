/** What a container asks for to be confined by and the runtime does not do: its pod is told, for it runs all the same. */
import type { Runtime } from '../../runtime/runtime.ts';
import type { AnyContainer, NodePod } from '../pods/pod.ts';

/** A sentence for each. What is refused instead, profiles of this machine's own, is refused by the runtime. */
export function unenforced({ spec }: NodePod, { securityContext: own = {} }: AnyContainer, mechanisms: Runtime['unenforced']): string[] {
  if (mechanisms === undefined) return [];
  const { securityContext: pod = {} } = spec;
  const asked = {
    seccomp: isDefault(own.seccompProfile ?? pod.seccompProfile) && 'Seccomp profile RuntimeDefault is not applied',
    appArmor: isDefault(own.appArmorProfile ?? pod.appArmorProfile) && 'AppArmor profile RuntimeDefault is not applied',
    seLinux: (own.seLinuxOptions ?? pod.seLinuxOptions) !== undefined && 'SELinux options are not applied',
  };
  return own.privileged === true ? [] : mechanisms.flatMap((name) => (asked[name] === false ? [] : [`${asked[name]} by this runtime`]));
}

const isDefault = (profile: { readonly type: string } | undefined): boolean => profile?.type === 'RuntimeDefault';
