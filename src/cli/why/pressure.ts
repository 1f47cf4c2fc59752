/** What a node that runs short of something does about it, and what to do then (kubernetes `pkg/kubelet/eviction`). */

const PRESSURES: readonly (readonly [RegExp, string])[] = [
  [
    /DiskPressure|disk-pressure|resource: (ephemeral-storage|inodes|nodefs|imagefs)/,
    "The node's disk is fuller than the kubelet's evictionHard allows (nodefs.available<10%, imagefs.available<15% unless configured): free some of it, or set other thresholds in the kubelet's configuration.",
  ],
  [
    /MemoryPressure|memory-pressure|resource: memory/,
    "The node has less memory left than the kubelet's evictionHard allows (memory.available<100Mi unless configured): end something, ask for less, or set another threshold.",
  ],
  [/PIDPressure|pid-pressure|resource: pids/, 'The node runs out of process numbers: end what starts so many.'],
];

/** Advice when a message, or a taint, tells of a shortage of the node; undefined when it tells of something else. */
export function pressureAdvice(text: string): string | undefined {
  return PRESSURES.find(([pattern]) => pattern.test(text))?.[1];
}
