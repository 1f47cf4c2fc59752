/** A stop that takes longer is cut short: containers and objects are safe on disk all the time. */
const STOP_DEADLINE_MS = 30_000;

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once, and so does a stop that hangs. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let seen = false;
    const stop = (signal: NodeJS.Signals): void => {
      if (seen) process.exit(1);
      seen = true;
      setTimeout(() => {
        process.stderr.write(`nodelet: gave up on a clean stop after ${STOP_DEADLINE_MS / 1000} s\n`);
        process.exit(1);
      }, STOP_DEADLINE_MS).unref();
      resolve(signal);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}
