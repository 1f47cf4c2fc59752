import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 collect garbage sooner, wherever it can: an API server holds everything in memory, so that the room that a heap is given
 * to grow is as large as the data. Three quarters of the memory of a busy server, for some percent of its CPU time.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--optimize-for-size');
}

/** Has the old objects' heap grow by half at most between collections; nurseries keep their size, for streams and bursts fill them. */
export function boundHeapGrowth(): void {
  setFlagsFromString('--heap-growing-percent=50');
}
