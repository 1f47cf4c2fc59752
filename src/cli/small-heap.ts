import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 collect garbage sooner instead of letting the heap grow to twice what lives in it: an API server holds everything in
 * memory, so that the room to grow is as large as the data. Half the memory of a busy server, for some percent of its CPU time.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=50');
}
