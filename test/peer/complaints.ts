/** Warnings and errors in a klog text that are about the API: what one side holds against the other. */

/** Lines that say nothing about the other side: the machine, the order of a start, the end. */
const OF_THE_MACHINE: readonly RegExp[] = [
  /^(remote_runtime|oomparser|eviction_manager|container_manager_linux|cri_stats_provider|kuberuntime_\w+|pod_workers|manager|upgradeaware)\.go:/,
  /rlimit on max file handles|Image garbage collection failed once|Skipping pod synchronization/,
  // It closes its own connections when it has a new certificate.
  /use of closed network connection/,
  // Until a first certificate is granted it asks without one.
  /User \\?"system:anonymous\\?"/,
  // The real kubelet asks for its node before it has made it, whoever serves the API.
  /nodes? \\?"[^"]+" not found|Node not becoming ready in time after startup/,
];

/** The distinct lines, without time, process and address. */
export function complaints(log: string): string[] {
  const lines = log.split('\n').flatMap((line) => {
    const [, text] = /^[EWF]\d{4} \S+ +\d+ (.*)$/.exec(line) ?? [];
    return text === undefined || OF_THE_MACHINE.some((known) => known.test(text)) ? [] : [text];
  });
  return [...new Set(lines)];
}
