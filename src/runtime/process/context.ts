import type { Host } from '../../util/host.ts';
import type { Logger } from '../../util/log.ts';
import type { RuntimeEvent } from '../runtime.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { Cgroups } from './cgroups.ts';
import type { Launcher } from './launcher.ts';
import type { PodNetwork } from './network.ts';
import type { Tools } from './tools.ts';

/** What the parts of the process runtime share. */
export interface RuntimeContext {
  readonly host: Host;
  readonly log: Logger;
  readonly rootDir: string;
  readonly images: ImageStore;
  readonly tools: Tools;
  readonly launcher: Launcher;
  /** No root or no Linux: containers are plain process groups. */
  readonly plain: boolean;
  /** Null where this machine has no usable control groups. */
  readonly cgroups: Cgroups | null;
  readonly cgroupRoot: string;
  readonly network: PodNetwork;
  /** Tells one boot of the machine from the next: what ran before is gone. */
  readonly bootId: string;
  /** Host directories that a container on the host's root must not see. */
  readonly hidden: () => Promise<readonly string[]>;
  emit(type: RuntimeEvent['type'], id: string, podUid: string): void;
}
