import type { WriterFill } from "../api/types.ts";

/** How far a generation is, by the slowest of its writers. */
export interface Progress {
  /** 0 to 100; 100 only when nothing is missing. */
  percent: number;
  /** Seconds; 0 when nothing is missing, null while the pace is not known. */
  left: number | null;
  /** Records of the log that a writer lacks. */
  behind: number;
  /** Partitions that wait at a record. */
  waits: number;
}

/** Records that a writer without a barrier may lack, as `millrace generation status --until-built` counts: uploads go on meanwhile. */
const NEARLY = 100;

export function progressOf(writers: readonly WriterFill[]): Progress {
  const late = writers.filter(lacks);
  const shares = writers.map(({ whole, missing }) => (whole > 0 ? (whole - missing) / whole : 1));
  const slowest = Math.floor(100 * Math.max(0, Math.min(1, ...shares)));
  const times = late.map(({ left }) => left).filter((left) => left !== undefined);
  return {
    percent: late.length === 0 ? 100 : Math.min(99, slowest),
    left: times.length < late.length ? null : Math.max(0, ...times),
    behind: Math.max(0, ...writers.map(({ behind }) => behind)),
    waits: writers.reduce((sum, { waits }) => sum + waits, 0),
  };
}

/** A writer after another one has no barrier of its own: it lacks what the other one wrote. */
function lacks({ whole, missing, behind }: WriterFill): boolean {
  return missing > 0 || (whole === 0 && behind > NEARLY);
}
