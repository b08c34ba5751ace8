/** What a build says of the upgrades that it can do. */
import type { Context } from "../../runtime/context.ts";

/** One upgrade that this build can do, now or in the past. */
export interface Upgrade {
  /** The plan's name. */
  readonly name: string;
  /** Beyond the migrations of the modules, and after them. */
  readonly run?: (ctx: Context) => void;
}
