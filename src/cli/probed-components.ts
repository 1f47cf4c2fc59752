/** The rest of a control plane that stands beside the API server alone: asked at the ports where it listens on this machine. */
import { get } from 'node:https';
import type { Component } from '../apiserver/resources/component-statuses.ts';

/** Where kube-controller-manager and kube-scheduler serve `/healthz` (kubernetes `pkg/cluster/ports`). */
const PORTS = { 'controller-manager': 10_257, scheduler: 10_259 } as const;
const TIMEOUT_MS = 20_000;
const MAX_BODY = 10 * 1024;

export function probedComponents(): Component[] {
  return Object.entries(PORTS).map(([name, port]) => ({ name, check: () => probe('127.0.0.1', port) }));
}

/** Rejects with the reason, in the words of Go's HTTP client, when the port does not answer with 200. */
export function probe(host: string, port: number): Promise<void> {
  const url = `https://${host}:${port}/healthz`;
  return new Promise((resolve, reject) => {
    // It is on this machine, and it is only asked how it is: its certificate is its own.
    const request = get(url, { rejectUnauthorized: false, timeout: TIMEOUT_MS, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text = (text + chunk).slice(0, MAX_BODY)));
      response.on('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(text))));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('net/http: request canceled')));
    request.on('error', (error: NodeJS.ErrnoException) => {
      const refused = error.code === 'ECONNREFUSED' ? `dial tcp ${host}:${port}: connect: connection refused` : error.message;
      reject(new Error(`Get "${url}": ${refused}`));
    });
  });
}
