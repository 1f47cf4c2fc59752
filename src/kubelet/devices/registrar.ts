/** Plugins that register, and what they list until they go (kubernetes `pkg/kubelet/cm/devicemanager/plugin/v1beta1/{server,handler}.go`). */
import { rpcText } from '../../net/grpc/codes.ts';
import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/log.ts';
import type { KubeletMetrics } from '../stats/kubelet-metrics.ts';
import type { Inventory } from './inventory.ts';
import type { connectPlugin, Plugin } from './plugin.ts';
import { registrationProblem, socketOf, type RegistrationRequest } from './registration.ts';

export interface RegistrarOptions {
  readonly directory: string;
  readonly inventory: Inventory;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: KubeletMetrics;
  readonly connect: () => Promise<typeof connectPlugin>;
  /** A plugin listed devices, or went; the ids whose health is not known to be what it was. */
  readonly changed: (ids: readonly string[]) => void;
  readonly closing: AbortSignal;
}

/** Resources at once: names come from outside. */
const MAX_RESOURCES = 256;

/** Answers one registration; rejects with why it is refused. */
export function createRegistrar({
  directory,
  inventory,
  clock,
  log,
  metrics,
  connect,
  changed,
  closing,
}: RegistrarOptions): (request: RegistrationRequest, signal: AbortSignal) => Promise<void> {
  async function register(request: RegistrationRequest, signal: AbortSignal): Promise<void> {
    const name = request.resourceName;
    log.info('Got registration request from device plugin with resource', { resourceName: name });
    metrics.devicePluginRegistrations.increase([name]);
    const no = registrationProblem(request) ?? tooMany(name);
    if (no !== undefined) {
      log.error('Bad registration request from device plugin', { resourceName: name, err: no });
      throw new Error(no);
    }
    const connectTo = await connect();
    const plugin = await connectTo(socketOf(directory, request), clock, AbortSignal.any([signal, closing]));
    if (closing.aborted) {
      plugin.close();
      return;
    }
    const before = inventory.get(name)?.plugin;
    inventory.connected(name, plugin);
    before?.close();
    log.v(2, 'Device plugin connected', { resourceName: name });
    void follow(name, plugin);
  }

  const tooMany = (name: string): string | undefined =>
    inventory.get(name) === undefined && [...inventory.entries()].length >= MAX_RESOURCES
      ? `there are ${MAX_RESOURCES} resources of device plugins already`
      : undefined;

  /** Takes the plugin's lists until it goes. */
  async function follow(name: string, plugin: Plugin): Promise<void> {
    const current = (): boolean => inventory.get(name)?.plugin === plugin && !closing.aborted;
    const why = await plugin
      .watch((devices) => {
        if (!current()) return;
        changed(inventory.listed(name, devices));
      })
      .then(
        () => 'EOF',
        (error: unknown) => rpcText(error),
      );
    plugin.close();
    if (!current()) return;
    log.error('ListAndWatch ended unexpectedly for device plugin', { resource: name, err: why });
    inventory.ended(name);
    changed([]);
  }

  return register;
}
