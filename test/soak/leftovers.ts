/** What pods may leave behind on a machine: mounts, control groups, network interfaces and namespaces, addresses, directories. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { TestNode } from '../support/node.ts';

/** Where CNI's host-local plugin keeps the addresses that are taken. */
const CNI_ADDRESSES = '/var/lib/cni/networks';
const NETWORK_NAMESPACES = '/run/netns';

export interface Machine {
  /** One line for each thing that is there now. */
  readonly things: () => ReadonlySet<string>;
  /** Pids of everything in the cgroup of a pod. */
  readonly pids: (podUid: string) => readonly number[];
  /** Says which network the pods are in, by one pod's address. */
  readonly learnNetwork: (podIP: string) => void;
}

/** The part of this machine that belongs to one node; `containerd` is the socket of its runtime, where it has one. */
export function machineOf(node: TestNode, containerd: string | undefined): Machine {
  let prefix = '';
  let bridge = '';
  const trees = cgroupTrees().map((tree) => join(tree, node.cgroupRoot));

  /** The node's own: made for the first pod, kept for the next. */
  const memory = join(node.dataDir, 'kubelet', 'memory');
  const veths = (): string[] => names(`/sys/class/net/${bridge}/brif`);
  const namespaces = (): string[] =>
    names(NETWORK_NAMESPACES).filter((name) => {
      try {
        return execFileSync('ip', ['-n', name, '-4', '-o', 'address'], { stdio: 'pipe' }).toString().includes(`inet ${prefix}`);
      } catch {
        // It has just gone.
        return false;
      }
    });
  const addresses = (): string[] =>
    names(CNI_ADDRESSES).flatMap((network) => names(join(CNI_ADDRESSES, network)).filter((name) => name.startsWith(prefix)));
  const containers = (): string[] =>
    containerd === undefined
      ? []
      : execFileSync('ctr', ['-a', containerd, '-n', 'k8s.io', 'containers', 'ls', '-q'], { stdio: 'pipe' })
          .toString()
          .split('\n')
          .filter((id) => id !== '');

  return {
    things: () => {
      const pods = trees.flatMap((tree) => below(tree).filter((path) => /\/pod[^/]+$/.test(path)));
      return new Set([
        ...mounts(node.dataDir)
          .filter((path) => path !== memory)
          .map((path) => `mount ${path}`),
        ...names(memory).map((name) => `memory of pod ${name}`),
        ...pods.map((path) => `cgroup ${path}`),
        ...names(join(node.dataDir, 'kubelet', 'pods')).map((uid) => `directory of pod ${uid}`),
        ...(prefix === '' ? [] : namespaces().map((name) => `network namespace ${name}`)),
        ...(prefix === '' ? [] : addresses().map((address) => `address ${address}`)),
        ...(bridge === '' ? [] : veths().map((name) => `interface ${name}`)),
        ...containers().map((id) => `container ${id}`),
      ]);
    },
    pids: (uid) => {
      const found = trees.flatMap((tree) => below(tree)).filter((path) => path.includes(`/pod${uid}`));
      return [...new Set(found.flatMap((path) => members(path)))].sort((a, b) => a - b);
    },
    learnNetwork: (podIP) => {
      prefix = podIP.replace(/\d+$/, '');
      bridge = Object.entries(networkInterfaces()).find(([, all]) => all?.some(({ address }) => address.startsWith(prefix)))?.[0] ?? '';
    },
  };
}

function cgroupTrees(): string[] {
  return lines('/proc/self/mounts').flatMap((line) => {
    const [, path = '', type = ''] = line.split(' ');
    return type === 'cgroup' || type === 'cgroup2' ? [path] : [];
  });
}

const mounts = (directory: string): string[] =>
  lines('/proc/self/mounts').flatMap((line) => {
    const path = line.split(' ')[1] ?? '';
    return path.startsWith(`${directory}/`) ? [path] : [];
  });

const members = (cgroup: string): number[] => lines(join(cgroup, 'cgroup.procs')).map(Number);

/** All directories below one. */
const below = (directory: string): string[] =>
  entries(directory).flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? [path].concat(below(path)) : [];
  });

const names = (directory: string): string[] => entries(directory).map(({ name }) => name);

function entries(directory: string) {
  try {
    return existsSync(directory) ? readdirSync(directory, { withFileTypes: true }) : [];
  } catch {
    // It has just gone.
    return [];
  }
}

function lines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}
