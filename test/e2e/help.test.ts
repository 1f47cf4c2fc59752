/** What the command says about itself. */
import { describe, expect, test } from 'vitest';
import { APISERVER_FLAGS } from '../../src/apiserver/flags.ts';
import { KUBELET_FLAGS } from '../../src/kubelet/flags.ts';
import { verbs } from '../../src/cli/verbs.ts';
import { nodelet } from '../support/program.ts';

const FLAGS: Readonly<Record<string, readonly string[]>> = {
  up: ['data-dir', 'runtime', 'rm', 'secure-port', 'port', 'config', 'node-ip', 'hostname-override', 'kubelet-client-certificate'],
  down: ['data-dir', 'purge'],
  kubelet: KUBELET_FLAGS.map((flag) => flag.name),
  apiserver: APISERVER_FLAGS.map((flag) => flag.name),
  image: ['data-dir'],
  top: ['sort', 'namespace', 'once', 'interval', 'kubeconfig', 'kubelet', 'token', 'insecure-skip-tls-verify'],
  metrics: ['filter', 'label', 'raw', 'kubeconfig', 'kubelet', 'certificate-authority'],
  version: [],
};

test('nodelet alone lists every verb with what it does', async () => {
  const { code, stdout } = await nodelet();
  expect(code).toBe(0);
  for (const verb of verbs) expect(stdout).toMatch(new RegExp(`^  ${verb.name} +${verb.summary}$`, 'm'));
  expect((await nodelet('help')).stdout).toBe(stdout);
});

describe.each(verbs.map((verb) => verb.name))('nodelet %s --help', (name) => {
  test('names every flag that it takes', async () => {
    const { code, stdout, stderr } = await nodelet(name, '--help');
    expect([code, stderr]).toEqual([0, '']);
    for (const flag of FLAGS[name] ?? []) expect(stdout).toContain(`--${flag}`);
    expect((await nodelet('help', name)).stdout).toBe(stdout);
  });
});

test('a verb that there is not is one clear line', async () => {
  expect(await nodelet('pu')).toEqual({ code: 1, stdout: '', stderr: 'nodelet: there is no verb "pu"; `nodelet help` lists them\n' });
});

test('nodelet version names itself and the Kubernetes whose behaviour it has', async () => {
  const { stdout } = await nodelet('version');
  expect(stdout).toMatch(/nodelet \d+\.\d+\.\d+/);
  expect(stdout).toMatch(/v1\.\d+\.\d+/);
});
