/** Sandboxes on networks of CNI plugins (containernetworking/cni `libcni/api.go`, containerd `go-cni`). */
import { join } from 'node:path';
import type { Host } from '../../../util/host.ts';
import { errorText, type Logger } from '../../../util/log.ts';
import type { PodSandboxConfig } from '../../runtime.ts';
import { writeAtomically } from '../records.ts';
import { isObject, isSince, parseCniNetwork, readCniNetwork, type CniNetwork } from './config.ts';
import { INTERFACE, runPlugin, type CniCall } from './plugin.ts';
import { sandboxAddresses } from './result.ts';

export interface CniOptions {
  readonly host: Host;
  readonly log: Logger;
  readonly confDir: string;
  readonly binDirs: readonly string[];
  /** What was done for which sandbox, so that it can be undone after a restart. */
  readonly cacheDir: string;
}

export interface Cni {
  /** Whether host ports are the plugins' work. */
  publishesPorts(): Promise<boolean>;
  /** Why pods get no network now; null when they do. */
  problem(): Promise<string | null>;
  /** Connects a sandbox; its addresses. Rejects with why not, and then nothing is left. */
  attach(id: string, netns: string, config: PodSandboxConfig): Promise<string[]>;
  /** Gives back what the sandbox has; nothing to do is fine. */
  detach(id: string): Promise<void>;
  /** Whether the plugins still see what they made. Rejects with what is amiss. */
  check(id: string): Promise<void>;
  /** Gives back what sandboxes had that are no more, and lets the plugins clean up after those that nobody remembers. */
  collect(live: ReadonlySet<string>): Promise<void>;
}

/** What is written down before the first plugin runs, and once more with the result. */
interface Attachment {
  readonly kind: 'cniCacheV1';
  readonly containerId: string;
  readonly ifName: typeof INTERFACE;
  readonly networkName: string;
  readonly netns: string;
  readonly args: string;
  readonly capabilityArgs: Readonly<Record<string, unknown>>;
  readonly config: unknown;
  readonly result: unknown;
}

/** How old what plugins said of themselves may be. */
const STATUS_AGE_MS = 5000;
const NOT_READY = 'cni plugin not initialized: cni config uninitialized';

export function openCni(options: CniOptions): Cni {
  const { host, log, cacheDir } = options;
  const { files } = host;
  const cacheFile = (id: string): string => join(cacheDir, `${id}.json`);

  async function call(network: CniNetwork, index: number, what: Omit<CniCall, 'stdin'>, more: Record<string, unknown>): Promise<unknown> {
    const plugin = network.plugins[index];
    if (plugin === undefined) return undefined;
    const { capabilities: _asked, ...own } = plugin.config;
    const stdin = { ...own, name: network.name, cniVersion: network.cniVersion, ...more };
    try {
      return await runPlugin(host, options.binDirs, plugin.type, { ...what, stdin });
    } catch (error) {
      const verb = { ADD: 'add', DEL: 'delete', CHECK: 'check', GC: 'gc', STATUS: 'status' }[what.command];
      throw new Error(`plugin type=${JSON.stringify(plugin.type)} failed (${verb}): ${errorText(error)}`, { cause: error });
    }
  }

  let asked: { readonly at: number; readonly network: string; readonly answer: Promise<string | null> } | undefined;
  /** Whether plugins can add a sandbox now, as they say themselves; asked at most every few seconds. */
  function statusOf(network: CniNetwork): Promise<string | null> {
    const now = host.clock.monotonic();
    const text = JSON.stringify(network);
    if (asked?.network !== text || now - asked.at >= STATUS_AGE_MS) asked = { at: now, network: text, answer: askStatus(network) };
    return asked.answer;
  }
  async function askStatus(network: CniNetwork): Promise<string | null> {
    try {
      const what = { command: 'STATUS', containerId: '', netns: '', args: '' } as const;
      for (const index of network.plugins.keys()) await call(network, index, what, {});
      return null;
    } catch (error) {
      return errorText(error);
    }
  }

  /** What a plugin is told of the pod, as far as it asked for it. */
  function runtimeConfig(network: CniNetwork, index: number, known: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const wanted = Object.entries(network.plugins[index]?.capabilities ?? {}).flatMap(([name, on]) =>
      on && Object.hasOwn(known, name) ? [[name, known[name]] as const] : [],
    );
    return wanted.length > 0 ? { runtimeConfig: Object.fromEntries(wanted) } : {};
  }

  async function undo(attachment: Attachment): Promise<void> {
    const network = parseCniNetwork(JSON.stringify(attachment.config));
    const netns = (await isThere(attachment.netns)) ? attachment.netns : '';
    const previous = isSince(network.cniVersion, '0.4.0') && attachment.result !== undefined ? { prevResult: attachment.result } : {};
    const what = { command: 'DEL', containerId: attachment.containerId, netns, args: attachment.args } as const;
    for (let index = network.plugins.length - 1; index >= 0; index -= 1)
      await call(network, index, what, { ...runtimeConfig(network, index, attachment.capabilityArgs), ...previous });
    await files.rm(cacheFile(attachment.containerId), { force: true });
  }

  async function isThere(path: string): Promise<boolean> {
    return path !== '' && (await files.stat(path).catch(() => null)) !== null;
  }

  async function recall(id: string): Promise<Attachment | null> {
    try {
      const value: unknown = JSON.parse(await files.readFile(cacheFile(id), 'utf8'));
      return isAttachment(value) && value.containerId === id ? value : null;
    } catch {
      return null;
    }
  }

  async function remember(attachment: Attachment): Promise<void> {
    await files.mkdir(cacheDir, { recursive: true, mode: 0o700 });
    await writeAtomically(files, cacheFile(attachment.containerId), JSON.stringify(attachment));
  }

  return {
    async publishesPorts() {
      const network = await readCniNetwork(host, options.confDir).catch(() => null);
      return network?.plugins.some((plugin) => plugin.capabilities['portMappings'] === true) ?? false;
    },
    async problem() {
      try {
        const network = await readCniNetwork(host, options.confDir);
        if (network === null) return NOT_READY;
        return isSince(network.cniVersion, '1.1.0') ? await statusOf(network) : null;
      } catch (error) {
        return errorText(error);
      }
    },
    async attach(id, netns, config) {
      const network = await readCniNetwork(host, options.confDir);
      if (network === null) throw new Error(NOT_READY);
      const base: Attachment = {
        kind: 'cniCacheV1',
        containerId: id,
        ifName: INTERFACE,
        networkName: network.name,
        netns,
        args: podArgs(id, config),
        capabilityArgs: capabilityArgs(config),
        config: {
          name: network.name,
          cniVersion: network.cniVersion,
          plugins: network.plugins.map((plugin) => plugin.config),
          disableCheck: network.disableCheck,
        },
        result: undefined,
      };
      await remember(base);
      try {
        let result: unknown;
        const what = { command: 'ADD', containerId: id, netns, args: base.args } as const;
        for (const index of network.plugins.keys()) {
          const previous = result === undefined ? {} : { prevResult: result };
          result = (await call(network, index, what, { ...runtimeConfig(network, index, base.capabilityArgs), ...previous })) ?? result;
        }
        const addresses = sandboxAddresses(result);
        if (addresses.length === 0) throw new Error('the plugins gave no address');
        await remember({ ...base, result });
        return addresses;
      } catch (error) {
        await undo(base).catch((failed: unknown) =>
          log.warn('A network that was half made could not be taken down', { id, error: errorText(failed) }),
        );
        throw error;
      }
    },
    async detach(id) {
      const attachment = await recall(id);
      if (attachment) await undo(attachment);
    },
    async check(id) {
      const attachment = await recall(id);
      if (!attachment) throw new Error(`nothing is known of a network of ${id}`);
      const network = parseCniNetwork(JSON.stringify(attachment.config));
      if (network.disableCheck || !isSince(network.cniVersion, '0.4.0')) return;
      const what = { command: 'CHECK', containerId: id, netns: attachment.netns, args: attachment.args } as const;
      for (const index of network.plugins.keys())
        await call(network, index, what, { ...runtimeConfig(network, index, attachment.capabilityArgs), prevResult: attachment.result });
    },
    async collect(live) {
      const names = await files.readdir(cacheDir).catch(() => []);
      for (const name of names) {
        const id = name.replace(/\.json$/, '');
        if (live.has(id)) continue;
        const attachment = await recall(id);
        const failed = (error: unknown): void =>
          log.warn('The network of a sandbox that is no more stays', { id, error: errorText(error) });
        if (attachment) await undo(attachment).catch(failed);
        else if (name.endsWith('.json')) await files.rm(join(cacheDir, name), { force: true });
      }
      const network = await readCniNetwork(host, options.confDir).catch(() => null);
      if (network === null || network.disableGC || !isSince(network.cniVersion, '1.1.0')) return;
      const valid = [...live].map((containerID) => ({ containerID, ifname: INTERFACE }));
      const what = { command: 'GC', containerId: '', netns: '', args: '' } as const;
      for (const index of network.plugins.keys())
        await call(network, index, what, { 'cni.dev/valid-attachments': valid, 'cni.dev/attachments': valid }).catch((error: unknown) =>
          log.warn('A network plugin did not clean up', { error: errorText(error) }),
        );
    },
  };
}

/** What plugins are told of the pod in `CNI_ARGS`; a separator in a value would end it. */
function podArgs(id: string, { metadata }: PodSandboxConfig): string {
  const values = {
    IgnoreUnknown: '1',
    K8S_POD_NAMESPACE: metadata.namespace,
    K8S_POD_NAME: metadata.name,
    K8S_POD_INFRA_CONTAINER_ID: id,
    K8S_POD_UID: metadata.uid,
  };
  return Object.entries(values)
    .map(([key, value]) => `${key}=${value.replace(/[;=\0]/g, '')}`)
    .join(';');
}

function capabilityArgs(config: PodSandboxConfig): Record<string, unknown> {
  const ports = config.portMappings.filter(({ hostPort }) => hostPort > 0);
  const rate = (name: string): number | undefined => bitsPerSecond(config.annotations[`kubernetes.io/${name}-bandwidth`]);
  const ingress = rate('ingress');
  const egress = rate('egress');
  return {
    ...(ports.length > 0 && {
      portMappings: ports.map(({ protocol, containerPort, hostPort, hostIp }) => ({
        hostPort,
        containerPort,
        protocol: protocol.toLowerCase(),
        hostIP: hostIp,
      })),
    }),
    ...((ingress !== undefined || egress !== undefined) && {
      bandwidth: {
        ...(ingress !== undefined && { ingressRate: ingress, ingressBurst: 2 ** 31 - 1 }),
        ...(egress !== undefined && { egressRate: egress, egressBurst: 2 ** 31 - 1 }),
      },
    }),
    ...(config.dns && { dns: { servers: config.dns.servers, searches: config.dns.searches, options: config.dns.options } }),
  };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };

function bitsPerSecond(text: string | undefined): number | undefined {
  const [, digits = '', unit = ''] = /^(\d{1,12})(k|M|G|Ki|Mi|Gi)?$/.exec(text ?? '') ?? [];
  return digits === '' ? undefined : Number(digits) * (UNITS[unit] ?? 1);
}

function isAttachment(value: unknown): value is Attachment {
  return (
    isObject(value) &&
    value['kind'] === 'cniCacheV1' &&
    typeof value['containerId'] === 'string' &&
    typeof value['netns'] === 'string' &&
    typeof value['args'] === 'string' &&
    isObject(value['capabilityArgs']) &&
    isObject(value['config'])
  );
}
