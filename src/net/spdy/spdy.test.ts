import { createHash } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { createDeflate, createInflate, constants } from 'node:zlib';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { collect, dial, until } from '../testing.ts';
import { openSpdy, type SpdyConnection, type SpdyOptions } from './connection.ts';
import { headerDictionary } from './dictionary.ts';
import { createFrameReader, dataHead, goAway, ping, rstStream, SpdyError, synReply, synStream, type Frame } from './frames.ts';
import { createBlockReader, createBlockWriter, decodePairs, encodePairs } from './header-block.ts';
import type { SpdyStream } from './stream.ts';

const cleanup: (() => void)[] = [];
afterAll(() => cleanup.forEach((undo) => undo()));

/** Two ends of a real TCP connection. */
async function pair(): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const client = await dial(address.port);
  const peer = await accepted;
  cleanup.push(() => {
    client.destroy();
    peer.destroy();
    server.close();
  });
  return [client, peer];
}

async function connected(
  onStream: (stream: SpdyStream) => boolean,
  more: Partial<SpdyOptions> = {},
): Promise<[SpdyConnection, SpdyConnection]> {
  const [client, server] = await pair();
  return [openSpdy(client, { role: 'client' }), openSpdy(server, { role: 'server', onStream, ...more })];
}

const hex = (bytes: string): Buffer => Buffer.from(bytes.replace(/ /g, ''), 'hex');
const pairs = (headers: object): [string, string][] => Object.entries(headers).toSorted(([a], [b]) => (a < b ? -1 : 1));

describe('frames', () => {
  it('is built on the dictionary of the draft', () => {
    expect(headerDictionary()).toHaveLength(1423);
    expect(createHash('sha256').update(headerDictionary()).digest('hex')).toBe(
      '51d27341373f923f3cd88e1eb7162aeaa3723d7585ff2399201dc06498407f02',
    );
  });

  it('reads the recorded frames of kubectl and containerd', async () => {
    const client = createFrameReader()(
      hex(
        '80030001 00000029 00000001 00000000 0000 78f9e3c6a7c26260606004a7b392a2d4c45c6851c29a0a0a6800000000ffff' +
          '80030001 00000019 00000003 00000000 0000 c22ac5565c92925f5a02000000ffff 80030001 00000015 00000005 00000000 0000 c229975a5404000000ffff',
      ),
    );
    const blocks = createBlockReader();
    const types: unknown[] = [];
    for (const frame of client) if (frame.type === 'synStream') types.push([frame.stream, pairs(await blocks.read(frame.block))]);
    blocks.close();
    expect(types).toEqual([
      [1, [['streamtype', 'error']]],
      [3, [['streamtype', 'stdout']]],
      [5, [['streamtype', 'stderr']]],
    ]);
  });

  it('reads the recorded port-forward headers, twice through one zlib stream', async () => {
    const blocks = createBlockReader();
    const first = await blocks.read(
      hex('78f9e3c6a7c202253a703a2b294a4dcc851625aca9a0808614cb45a024cc6461c0c0c0c0590489c44c50e2663400000000ffff'),
    );
    const second = await blocks.read(hex('c2aa15540a2512d209000000ffff'));
    blocks.close();
    expect(pairs(first)).toEqual([
      ['port', '80'],
      ['requestid', '0'],
      ['streamtype', 'error'],
    ]);
    expect(pairs(second)).toEqual([
      ['port', '80'],
      ['requestid', '0'],
      ['streamtype', 'data'],
    ]);
  });

  it('writes the recorded control frames', () => {
    expect(dataHead(3, 0, true)).toEqual(hex('00000003 01000000'));
    expect(rstStream(1, 5)).toEqual(hex('80030003 00000008 00000001 00000005'));
    expect(goAway(5, 0)).toEqual(hex('80030007 00000008 00000005 00000000'));
    expect(ping(1)).toEqual(hex('80030006 00000004 00000001'));
  });

  const broken: [string, string][] = [
    ['data on stream 0', '00000000 00000001 61'],
    ['an unknown type', '8003000a 00000000'],
    ['a reset without a status', '80030003 00000008 00000001 00000000'],
    ['a reset that is too short', '80030003 00000004 00000001'],
    ['a ping with flags', '80030006 01000004 00000001'],
    ['a ping with id 0', '80030006 00000004 00000000'],
    ['a stream with id 0', '80030001 0000000a 00000000 00000000 0000'],
    ['a stream head that is cut', '80030001 00000003 000000'],
    ['a header block without end', '80030001 00ffffff 00000001'],
  ];
  it.each(broken)('refuses %s', (_name, bytes) => {
    expect(() => createFrameReader()(hex(bytes))).toThrow(SpdyError);
  });

  it('gives the same frames however the bytes are cut', () => {
    const frame = fc.oneof(
      fc.record({
        type: fc.constant('data' as const),
        stream: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        fin: fc.boolean(),
        payload: fc.uint8Array({ maxLength: 300 }),
      }),
      fc.record({ type: fc.constant('rst' as const), stream: fc.integer({ min: 1, max: 99 }), status: fc.integer({ min: 1, max: 11 }) }),
      fc.record({ type: fc.constant('ping' as const), id: fc.integer({ min: 1, max: 99 }) }),
      fc.record({
        type: fc.constant('synStream' as const),
        stream: fc.integer({ min: 1, max: 99 }),
        block: fc.uint8Array({ maxLength: 50 }),
      }),
    );
    const join = (frames: Frame[]): Frame[] => {
      const joined: Frame[] = [];
      let open = false;
      for (const next of frames) {
        const last = joined.at(-1);
        if (open && next.type === 'data' && last?.type === 'data' && last.stream === next.stream && !last.fin) {
          joined[joined.length - 1] = { ...next, payload: Buffer.concat([last.payload, next.payload]) };
        } else joined.push(next);
        open = next.type === 'data';
      }
      return joined;
    };
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }), (frames, cuts) => {
        const bytes = Buffer.concat(
          frames.map((f) => {
            if (f.type === 'data') return Buffer.concat([dataHead(f.stream, f.payload.length, f.fin), f.payload]);
            if (f.type === 'rst') return rstStream(f.stream, f.status);
            if (f.type === 'ping') return ping(f.id);
            return synStream(f.stream, Buffer.from(f.block));
          }),
        );
        const whole = createFrameReader()(bytes);
        const read = createFrameReader();
        const parts: Frame[] = [];
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          parts.push(...read(bytes.subarray(at, at + cut)));
          at += cut;
        }
        expect(join(parts)).toEqual(join(whole));
      }),
    );
  });

  it('never throws anything but its own error on hostile bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, control) => {
        try {
          createFrameReader()(control ? Buffer.concat([hex('800300'), Buffer.from(bytes)]) : Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(SpdyError);
        }
      }),
    );
  });
});

describe('header blocks', () => {
  const headers = fc.dictionary(fc.stringMatching(/^x-[a-z]{1,8}$/), fc.stringMatching(/^[ -~]{0,40}$/), { maxKeys: 6 });

  it('come back as they were, block after block', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(headers, { minLength: 1, maxLength: 4 }), async (list) => {
        const [write, read] = [createBlockWriter(), createBlockReader()];
        for (const one of list) expect(pairs(await read.read(write(one)))).toEqual(pairs(one));
        read.close();
      }),
      { numRuns: 30 },
    );
  });

  it('can be read by any zlib with the dictionary', async () => {
    const write = createBlockWriter();
    const inflate = createInflate({ dictionary: headerDictionary(), finishFlush: constants.Z_SYNC_FLUSH });
    inflate.end(Buffer.concat([write({ a: 'b' }), write({})]));
    expect(Buffer.concat(await inflate.toArray())).toEqual(Buffer.concat([encodePairs({ a: 'b' }), encodePairs({})]));
  });

  it('are refused with upper-case, forbidden or doubled names, and when cut or too long', () => {
    expect(() => decodePairs(encodePairs({ host: 'x' }))).toThrow(SpdyError);
    const upper = encodePairs({ ab: 'x' });
    upper[8] = 0x41;
    expect(() => decodePairs(upper)).toThrow('upper-case');
    expect(() => decodePairs(encodePairs({ ab: 'x' }).subarray(0, -1))).toThrow('too short');
    expect(() => decodePairs(Buffer.concat([encodePairs({ ab: 'x' }), Buffer.alloc(1)]))).toThrow('incorrect');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          decodePairs(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(SpdyError);
        }
      }),
    );
  });

  it('do not blow up: a block of 32 MB in 32 KB is refused', async () => {
    const deflate = createDeflate({ dictionary: headerDictionary(), finishFlush: constants.Z_SYNC_FLUSH });
    deflate.end(Buffer.alloc(32 << 20));
    const bomb = Buffer.concat(await deflate.toArray());
    await expect(createBlockReader().read(bomb)).rejects.toThrow(SpdyError);
  });

  it('reject garbage', async () => {
    await expect(createBlockReader().read(Buffer.from('garbage'))).rejects.toThrow(SpdyError);
    const other = createDeflate({ dictionary: Buffer.from('another'), finishFlush: constants.Z_SYNC_FLUSH });
    other.end(encodePairs({}));
    await expect(createBlockReader().read(Buffer.concat(await other.toArray()))).rejects.toThrow(SpdyError);
  });
});

describe('a connection', () => {
  it('carries streams both ways and half-closes them', async () => {
    const [client, server] = await connected((stream) => {
      void collect(stream.io).then((all) => stream.io.end(`${stream.headers['kind']}: ${all.toString()}`));
      return true;
    });
    const streams = await Promise.all(['a', 'b', 'c'].map((kind) => client.open({ kind })));
    expect(streams.map((stream) => stream.id)).toEqual([1, 3, 5]);
    for (const stream of streams) stream.io.end(`hello ${stream.id}`);
    expect((await Promise.all(streams.map((stream) => collect(stream.io)))).map(String)).toEqual([
      'a: hello 1',
      'b: hello 3',
      'c: hello 5',
    ]);
    await Promise.all([client.close(), server.close()]);
    expect(server.signal.aborted).toBe(true);
  });

  it('moves 24 MB on four streams at once without loss', async () => {
    const [client, server] = await connected((stream) => {
      stream.io.pipe(stream.io);
      return true;
    });
    const payload = Buffer.alloc(6 << 20, 'abcdefghijk');
    const hash = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');
    const back = await Promise.all(
      [1, 2, 3, 4].map(async () => {
        const stream = await client.open({});
        const all = collect(stream.io);
        stream.io.end(payload);
        return hash(await all);
      }),
    );
    expect(new Set(back)).toEqual(new Set([hash(payload)]));
    await Promise.all([client.close(), server.close()]);
  });

  it('stops a writer whose reader does not read, and goes on without loss', async () => {
    let taken: SpdyStream | undefined;
    const [client, server] = await connected((stream) => {
      taken = stream;
      return true;
    });
    const stream = await client.open({});
    let written = 0;
    const source = (async () => {
      for (let i = 0; i < 1024; i += 1) {
        if (!stream.io.write(Buffer.alloc(65_536))) await new Promise((resolve) => stream.io.once('drain', resolve));
        written += 65_536;
      }
      stream.io.end();
    })();
    let last = -1;
    while (last !== written) {
      last = written;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(written).toBeLessThan(32 << 20);
    const size = taken ? Buffer.concat(await taken.io.toArray()).length : 0;
    await source;
    expect(size).toBe(64 << 20);
    await Promise.all([client.close(), server.close()]);
  });

  it('resets a stream that it does not want, without a reply', async () => {
    const [client, server] = await connected(() => false);
    await expect(client.open({})).rejects.toThrow('reset with status 5');
    await Promise.all([client.close(), server.close()]);
  });

  it('treats a reset as the end of input and drops what is written after', async () => {
    let got = '';
    let over = false;
    const [client, server] = await connected((stream) => {
      stream.io.on('data', (chunk) => (got += String(chunk))).on('end', () => (over = true));
      return true;
    });
    const stream = await client.open({});
    stream.io.write('part');
    await until(() => got === 'part');
    stream.reset();
    await until(() => over);
    await Promise.all([client.close(), server.close()]);
  });

  it('answers a lower stream id with status 1, echoes pings of the client only, ignores the harmless', async () => {
    const [socket, peer] = await pair();
    openSpdy(peer, { role: 'server', onStream: () => true });
    const frames: Frame[] = [];
    const read = createFrameReader();
    socket.on('data', (chunk: Buffer) => frames.push(...read(chunk)));
    const write = createBlockWriter();
    const send = [
      synStream(5, write({})),
      synStream(3, write({})),
      ping(2),
      ping(7),
      hex('80030004 00000004 00000000'),
      hex('80030009 00000008 00000001 00000005'),
    ];
    send.push(Buffer.concat([dataHead(99, 3, false), Buffer.from('abc')]), synReply(77, write({})), synStream(8, write({})));
    socket.write(Buffer.concat(send));
    await until(() => frames.some((frame) => frame.type === 'synReply' && frame.stream === 8));
    expect(frames.map((frame) => frame.type)).toEqual(['synReply', 'rst', 'ping', 'synReply']);
    expect(frames[1]).toMatchObject({ stream: 3, status: 1 });
    expect(frames[2]).toMatchObject({ id: 7 });
  });

  it.each([
    [
      'upper-case header names',
      (): Buffer => synStream(1, Buffer.concat([hex('7820e3c6a7c200 0b00f4ff'), hex('00000001 00000001 41 0000')])),
    ],
    ['a frame of unknown type', (): Buffer => hex('8003000a 00000000')],
    ['garbage', (): Buffer => Buffer.alloc(4096, 0xff)],
  ])('dies of %s without an answer', async (_name, bytes) => {
    const [socket, peer] = await pair();
    const server = openSpdy(peer, { role: 'server', onStream: () => true });
    let answer = 0;
    socket.on('data', (chunk: Buffer) => (answer += chunk.length)).on('error', () => undefined);
    socket.write(bytes());
    await until(() => server.signal.aborted && socket.closed);
    expect(answer).toBe(0);
  });

  it('survives any bytes: it ends, or waits for more', async () => {
    const start = hex('80030001 00000011 00000001 00000000 0000 7820e3c6a7c200 0000ffff');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 64 }), { maxLength: 5 }), fc.boolean(), async (chunks, begun) => {
        const transport = new Duplex({ read: () => undefined, write: (_chunk, _encoding, callback) => callback() });
        const server = openSpdy(transport, { role: 'server', onStream: () => true });
        if (begun) transport.push(start);
        for (const chunk of chunks) if (!transport.destroyed) transport.push(Buffer.from(chunk));
        if (!transport.destroyed) transport.push(null);
        await until(() => server.signal.aborted);
        transport.destroy();
      }),
      { numRuns: 60 },
    );
  });

  it('does not fill its memory for a peer that pings and never reads', async () => {
    const [socket, peer] = await pair();
    const server = openSpdy(peer, { role: 'server', onStream: () => true });
    socket.pause();
    const pings = Buffer.concat(Array.from({ length: 5_000 }, (_unused, index) => ping(index * 2 + 1)));
    let sent = 0;
    while (
      sent < 3_000 &&
      (socket.write(pings) ||
        (await Promise.race([
          new Promise((r) => socket.once('drain', () => r(true))),
          new Promise((r) => setTimeout(() => r(false), 200)),
        ])))
    )
      sent += 1;
    expect(sent).toBeLessThan(3_000);
    expect(peer.writableLength).toBeLessThan(1 << 20);
    socket.destroy();
    await until(() => server.signal.aborted);
  });

  it('ends an idle connection', async () => {
    const [client, server] = await connected(() => true, { idleTimeoutMs: 30 });
    await until(() => server.signal.aborted && client.signal.aborted);
  });

  it('ends open streams when the peer vanishes', async () => {
    const [socket, peer] = await pair();
    let over = false;
    const server = openSpdy(peer, {
      role: 'server',
      onStream: (stream) => {
        stream.io.resume().on('end', () => (over = true));
        return true;
      },
    });
    socket.write(synStream(1, createBlockWriter()({})));
    await until(() => socket.bytesRead > 0);
    socket.resetAndDestroy();
    await until(() => over && server.signal.aborted);
  });

  it('delivers everything that was written before it was closed, to a slow reader too', async () => {
    const [socket, peer] = await pair();
    const server = openSpdy(peer, { role: 'server', onStream: () => false });
    server.signal.addEventListener('abort', () => undefined);
    const client = openSpdy(socket, { role: 'client', onStream: (stream) => got.push(stream) > 0 });
    const got: SpdyStream[] = [];
    const stream = await server.open({});
    stream.io.end(Buffer.alloc(8 << 20));
    const reader = got[0];
    expect(reader).toBeDefined();
    const ended = new Promise((resolve) => stream.io.once('finish', resolve));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const all = reader?.io.toArray();
    await ended;
    const closed = server.close();
    expect(Buffer.concat((await all) ?? []).length).toBe(8 << 20);
    await Promise.all([closed, client.close()]);
  });
});
