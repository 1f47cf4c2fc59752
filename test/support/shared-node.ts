/** One node for all tests of a file. */
import { afterAll, beforeAll } from 'vitest';
import { missing } from './need.ts';
import { startTestNode, type TestNode } from './node.ts';

/** Why the tests of this machine's nodes cannot run here, or undefined. */
export function missingForNodes(...more: string[]): string | undefined {
  return missing(['kubectl', 'ip', 'nft', 'unshare', 'nsenter', ...more], true);
}

/** A start on a machine that is busy with much else. */
const HOOK_MS = 180_000;

/** Starts a node before the tests of this file and removes it after them; how to get at it. */
export function sharedNode(flags: readonly string[] = []): () => TestNode {
  let node: TestNode | undefined;
  beforeAll(async () => {
    if (missingForNodes() === undefined) node = await startTestNode(flags);
  }, HOOK_MS);
  afterAll(async () => {
    await node?.destroy();
  }, HOOK_MS);
  return () => {
    if (node === undefined) throw new Error('the node of this file is not running');
    return node;
  };
}
