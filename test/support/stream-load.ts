/** Many and large streams through a node, for the suite in small and for `npm run soak` in large. */
import { createHash, randomBytes, type Hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { get, request } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { freePorts } from './free-port.ts';
import type { TestNode } from './node.ts';
import { podOf, runUntilReady } from './pods.ts';
import { until } from './until.ts';

const POD = 'streams';
const ECHO_PORT = 7777;
/** Sends back what it gets, half-close for half-close. */
const ECHO = `require('net').createServer({allowHalfOpen:true},s=>{s.on('error',()=>{});s.pipe(s)}).listen(${ECHO_PORT},()=>console.log('ready'))`;
const PART = 64 * 1024;

export interface StreamLoad {
  readonly node: TestNode;
  readonly tls: { readonly cert: string; readonly key: string; readonly rejectUnauthorized: false };
}

/** Starts the pod that the streams lead to. */
export async function startStreamLoad(node: TestNode): Promise<StreamLoad> {
  const { cert = '', key = '' } = await loadKubeconfig(join(node.dataDir, 'kubeconfig'));
  await runUntilReady(node, podOf(POD, '', { command: [process.execPath, '-e', ECHO] }));
  await until('the echo', async () => (await node.ok('logs', POD)).includes('ready'));
  return { node, tls: { cert, key, rejectUnauthorized: false } };
}

/** MiB of memory that the node's process has. */
export function residentMiB(node: TestNode): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${node.pid()}/status`, 'utf8'))?.[1]) / 1024;
}

interface Conversation {
  readonly socket: WebSocket;
  /** Its status object, once it is over. */
  readonly ended: Promise<string>;
}

/** A command over WebSocket v5, on the kubelet's own port; `onOutput` gets what it writes. */
export function openExec({ node, tls }: StreamLoad, script: string, onOutput: (part: Buffer) => void): Conversation {
  const query = ['sh', '-c', script].map((word) => `command=${encodeURIComponent(word)}`).join('&');
  const url = `wss://127.0.0.1:${node.kubeletPort}/exec/default/${POD}/c?${query}&input=1&output=1&error=1`;
  const socket = new WebSocket(url, ['v5.channel.k8s.io'], { ...tls, handshakeTimeout: 120_000 });
  const ended = new Promise<string>((resolve, reject) => {
    let status = '';
    socket.on('message', (data: Buffer) => {
      if (data[0] === 1) onOutput(data.subarray(1));
      if (data[0] === 3) status = data.toString('utf8', 1);
    });
    socket.once('close', () => resolve(status));
    socket.once('error', reject);
  });
  ended.catch(() => undefined);
  return { socket, ended };
}

/** One command that gets `bytes` random bytes, gives them back and exits with 7; throws unless all of that is so. */
async function execRoundTrip(load: StreamLoad, bytes: number): Promise<void> {
  const [sent, got] = [createHash('sha256'), createHash('sha256')];
  const { socket, ended } = openExec(load, 'cat; exit 7', (part) => got.update(part));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  for (let left = bytes; left > 0; left -= PART) {
    const part = randomBytes(Math.min(PART, left));
    sent.update(part);
    await new Promise((resolve) => socket.send(Buffer.concat([Buffer.from([0]), part]), resolve));
  }
  socket.send(Buffer.from([255, 0]));
  const status = await ended;
  if (!status.includes('exit code 7')) throw new Error(`the status is ${JSON.stringify(status)}`);
  if (sent.digest('hex') !== got.digest('hex')) throw new Error('what came back is not what was sent');
}

/** So many commands at a time. */
export async function manyExecs(load: StreamLoad, count: number, bytes: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => execRoundTrip(load, bytes)));
}

/** kubectl port-forward to the echo, while `use` runs with the local port. */
export async function withPortForward<T>({ node }: StreamLoad, use: (port: number) => Promise<T>): Promise<T> {
  const [port = 0] = await freePorts(1);
  const forward = node.kubectlBeside('port-forward', POD, `${port}:${ECHO_PORT}`);
  try {
    await until('kubectl port-forward', () => forward.stdout().includes('Forwarding from'), 60_000);
    return await use(port);
  } finally {
    forward.kill('SIGTERM');
    await forward.ended;
  }
}

/** Sends so many MiB through a forwarded port to the echo; throws unless they come back as they were. */
export async function throughPort(port: number, mebibytes: number): Promise<void> {
  const socket = connectTcp({ host: '127.0.0.1', port, allowHalfOpen: true });
  const [sent, got] = [createHash('sha256'), createHash('sha256')];
  const over = hashTo(socket, got);
  for (let i = 0; i < mebibytes * 16; i++) {
    const part = randomBytes(PART);
    sent.update(part);
    if (!socket.write(part)) await new Promise((resolve) => socket.once('drain', resolve));
  }
  socket.end();
  await over;
  if (sent.digest('hex') !== got.digest('hex')) throw new Error('what came back is not what was sent');
}

function hashTo(socket: Socket, hash: Hash): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.on('data', (part) => hash.update(part));
    socket.once('end', resolve).once('error', reject);
  });
}

/** What a client that stops to read costs the node. */
export interface SlowReader {
  readonly stop: () => void;
}

/** Clients that ask for what never ends, and read nothing of it: of a command, of a followed log, of a forwarded port. */
export function slowReaders(load: StreamLoad, forwarded: number): SlowReader[] {
  const { node, tls } = load;
  const { socket } = openExec(load, 'yes the client does not read this', () => socket.pause());
  const command = { stop: (): void => socket.terminate() };
  const asked = get({
    ...tls,
    host: '127.0.0.1',
    port: node.kubeletPort,
    path: `/containerLogs/default/flood/c?follow=true`,
    agent: false,
  });
  asked.on('response', (response) => response.pause()).on('error', () => undefined);
  const log = { stop: (): void => void asked.destroy() };
  const port = connectTcp({ host: '127.0.0.1', port: forwarded });
  port.on('error', () => undefined).pause();
  const pour = (): void => {
    while (port.writable && port.write(Buffer.alloc(PART)));
    port.once('drain', pour);
  };
  pour();
  return [command, log, { stop: () => void port.destroy() }];
}

/** A pod whose log grows as fast as it can, up to 256 MiB. */
export async function startFlood(node: TestNode): Promise<void> {
  await runUntilReady(node, podOf('flood', 'yes the reader of this log is slow | head -c 268435456; sleep 3600'));
}

/** TLS connections to the kubelet that say nothing. */
export async function idleConnections({ node, tls }: StreamLoad, count: number): Promise<{ readonly close: () => void }> {
  const sockets: TLSSocket[] = [];
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connectTls({ ...tls, host: '127.0.0.1', port: node.kubeletPort }, () => {
        socket.off('error', reject).on('error', () => undefined);
        resolve();
      });
      socket.once('error', reject);
      sockets.push(socket);
    });
  let left = count;
  const loop = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await one();
    }
  };
  await Promise.all(Array.from({ length: 50 }, loop));
  return { close: () => sockets.forEach((socket) => socket.destroy()) };
}

/** ms that the kubelet takes for /healthz over a connection of its own. */
export function healthMs({ node, tls }: StreamLoad): Promise<number> {
  const from = performance.now();
  return new Promise((resolve, reject) => {
    request({ ...tls, host: '127.0.0.1', port: node.kubeletPort, path: '/healthz', agent: false }, (response) => {
      response.resume().once('end', () => resolve(performance.now() - from));
    })
      .once('error', reject)
      .end();
  });
}
