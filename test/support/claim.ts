/** A number that no other test on this machine has at the moment, in this process or another. */
import { createServer, type Server } from 'node:net';

export interface Claim {
  readonly number: number;
  readonly release: () => Promise<void>;
}

/** Claims one of `0…count-1`. An abstract socket holds it: the kernel drops it with the process, however that ends. */
export async function claimNumber(purpose: string, count: number): Promise<Claim> {
  const first = process.pid % count;
  for (let i = 0; i < count; i += 1) {
    const number = (first + i) % count;
    const server = await listenOn(`\0nodelet-test:${purpose}:${number}`);
    if (server === undefined) continue;
    server.unref();
    return {
      number,
      release: () =>
        new Promise((ok) => {
          server.close(() => ok());
        }),
    };
  }
  throw new Error(`all ${count} numbers for ${purpose} are taken`);
}

function listenOn(name: string): Promise<Server | undefined> {
  return new Promise((ok) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => ok(undefined));
    server.listen(name, () => ok(server));
  });
}
