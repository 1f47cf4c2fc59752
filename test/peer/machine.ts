/** What these checks take from the machine, and how it is given back. */
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { runProgram } from '../support/program.ts';

/** kube-apiserver refuses to proxy to a loopback address. */
export function machineAddress(): string {
  const found = Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    /^(cni|nodelet|veth|lo)/.test(name) ? [] : (addresses ?? []).filter(({ family, internal }) => family === 'IPv4' && !internal),
  );
  const [first] = found;
  if (first === undefined) throw new Error('this machine has no address but 127.0.0.1');
  return first.address;
}

/** Unmounts what lies below a directory, the innermost first. */
export async function unmountBelow(root: string): Promise<void> {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const targets = lines.map((line) => line.split(' ')[4] ?? '').filter((target) => target.startsWith(`${root}/`));
  for (const target of targets.toReversed()) await runProgram('umount', ['-l', target]);
}

/** A kubeconfig whose certificates are files. */
export function kubeconfigOf(
  port: number,
  ca: string,
  user: { readonly certFile: string; readonly keyFile: string } | { readonly token: string },
): string {
  const credentials = 'token' in user ? `token: ${user.token}` : `client-certificate: ${user.certFile}, client-key: ${user.keyFile}`;
  return `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:${port}", certificate-authority: ${ca}}}]
users: [{name: u, user: {${credentials}}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`;
}
