/** Short requests to a kubelet, over connections that are kept. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import type { Place } from './kubelet-place.ts';

export interface KubeletClient {
  /** The body of an answer of 200; its time in ms. */
  get(path: string): Promise<{ readonly ms: number; readonly body: Buffer }>;
  close(): void;
}

export function kubeletClient({ base, tls }: Place): KubeletClient {
  const { hostname, port } = new URL(base);
  const agent = new Agent({ ...tls, keepAlive: true, rejectUnauthorized: false });
  return {
    get: (path) =>
      new Promise((resolve, reject) => {
        const from = performance.now();
        const sent = request({ hostname, port, path, agent }, (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part)).on('error', reject);
          response.on('end', () => {
            const body = Buffer.concat(parts);
            if (response.statusCode === 200) resolve({ ms: performance.now() - from, body });
            else reject(new Error(`${path}: ${response.statusCode} ${body.toString('utf8', 0, 200)}`));
          });
        });
        sent.on('error', reject).end();
      }),
    close: () => agent.destroy(),
  };
}

export interface Timing {
  readonly name: string;
  /** ms of each, one after the other. */
  readonly each: number[];
  /** ms that the requests over 8 connections took, and how many they were. */
  readonly busy: { ms: number; count: number };
}

const SLICES = 10;
const CONNECTIONS = 8;

/** Asks every kubelet in turn, a slice at a time, so that all meet the same moments of the machine. */
export async function timePath(places: readonly Place[], path: string, count: number): Promise<Timing[]> {
  const measured = places.map((place) => ({
    client: kubeletClient(place),
    timing: { name: place.name, each: [], busy: { ms: 0, count: 0 } } as Timing,
  }));
  for (const { client } of measured) for (let i = 0; i < 20; i++) await client.get(path);
  for (let slice = 0; slice < SLICES; slice++)
    for (const { client, timing } of measured) {
      for (let i = 0; i < count / SLICES; i++) timing.each.push((await client.get(path)).ms);
      const from = performance.now();
      let left = count / SLICES;
      const loop = async (): Promise<void> => {
        while (left > 0) {
          left -= 1;
          await client.get(path);
        }
      };
      await Promise.all(Array.from({ length: CONNECTIONS }, loop));
      timing.busy.ms += performance.now() - from;
      timing.busy.count += count / SLICES;
    }
  for (const { client } of measured) client.close();
  return measured.map(({ timing }) => timing);
}

/** Resident MiB of a process, and the CPU that it took so far in ms. */
export function footprint(pid: number): { readonly memory: number; readonly cpu: number } {
  const memory = Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return { memory, cpu: (Number(fields[11]) + Number(fields[12])) * 10 };
}
