/** The diff that a refused pod update shows, of the old spec and the new one in Go's internal form. */
import { podSpecLines } from './go-struct.ts';
import { unifiedDiff } from './line-diff.ts';

export const podSpecDiff = (before: object, after: object): string => unifiedDiff(podSpecLines(before), podSpecLines(after));
