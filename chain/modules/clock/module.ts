/** Protocol time tau: the one clock of all deadlines. */
import { GenesisState } from "../../codec/gen/dcm/clock/v1/clock.ts";
import { QueryDefinition } from "../../codec/gen/dcm/clock/v1/query.ts";
import { assert } from "../../runtime/errors.ts";
import { defineModule, queryService, type Module } from "../../runtime/module.ts";
import type { ClockPort } from "./ports.ts";
import { clockState, storeName } from "./state.ts";
import { maxStepMs, tauMs, tick } from "./tick.ts";

/** A chain begins at most this late in protocol time: 2^62 ns, some 146 years, which leaves as much for the chain to live. */
const maxGenesisNanos = 1n << 62n;

/** A chain's first tau: records write 0 for what has not happened. */
const firstNanos = 1_000_000n;

const read: ClockPort["tau"] = (ctx) => tauMs(clockState.get(ctx));

/** The module, first in begin-block order, and the port through which others read the time. */
export function clockModule(): { module: Module; clock: ClockPort } {
  const module = defineModule<GenesisState>({
    name: "clock",
    stores: [storeName],
    consensusVersion: 1,
    messages: [],
    queries: queryService(QueryDefinition, {
      tau(ctx) {
        const clock = clockState.get(ctx);
        return { tauMs: tauMs(clock), headerNanos: clock.headerNanos, maxStepMs };
      },
    }),
    genesis: {
      type: GenesisState,
      defaults: () => GenesisState.create({ tauNanos: firstNanos }),
      check: ({ tauNanos }) => assert(tauNanos >= firstNanos && tauNanos <= maxGenesisNanos, `clock.tau_nanos is from ${firstNanos} to ${maxGenesisNanos}, got ${tauNanos}`),
      // The first block only sets the mark: between an export and the new chain's first block no protocol time passes.
      init: (ctx, { tauNanos }) => clockState.set(ctx, { tauNanos, headerNanos: 0n }),
      export: (ctx) => ({ tauNanos: clockState.get(ctx).tauNanos }),
    },
    beginBlock: (ctx) => clockState.set(ctx, tick(clockState.get(ctx), ctx.header.timeNanos)),
  });
  return { module, clock: { tau: (ctx) => ctx.once(read) } };
}
