/** Protocol time: the one clock of all deadlines. */
import type { Context } from "../../runtime/context.ts";

export interface ClockPort {
  /** tau in milliseconds; advances per block by the header time difference, at most 10 s. */
  tau(ctx: Context): bigint;
}
