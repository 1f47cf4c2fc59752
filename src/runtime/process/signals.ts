import { constants } from 'node:os';

const REALTIME_FIRST = 34;
const REALTIME_LAST = 64;

/** The number of `SIGTERM`, `TERM`, `15`, `SIGRTMIN+3` or `RTMAX-1`; SIGTERM's for what is none of these. */
export function signalNumber(name: string): number {
  if (/^\d{1,2}$/.test(name) && Number(name) >= 1 && Number(name) <= REALTIME_LAST) return Number(name);
  const word = name.toUpperCase().replace(/^SIG/, '');
  const realtime = /^RT(MIN|MAX)(?:(?:\+|-|PLUS|MINUS)(\d{1,2}))?$/.exec(word);
  if (realtime) {
    const distance = Number(realtime[2] ?? 0);
    const number = realtime[1] === 'MIN' ? REALTIME_FIRST + distance : REALTIME_LAST - distance;
    if (number >= REALTIME_FIRST && number <= REALTIME_LAST) return number;
  }
  const known = Object.entries(constants.signals).find(([key]) => key === `SIG${word}`);
  return known?.[1] ?? constants.signals.SIGTERM;
}
