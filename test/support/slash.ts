/** A chain of stake in memory whose validators sign blocks, miss them, and sign twice. For tests only. */
import { MisbehaviorType, type CommitInfo, type Misbehavior } from "../../chain/codec/gen/tendermint/abci/types.ts";
import { BlockIDFlag } from "../../chain/codec/gen/tendermint/types/validator.ts";
import { equalBytes } from "../../chain/codec/bytes.ts";
import { consensusModule } from "../../chain/modules/consensus/module.ts";
import { evidenceModule } from "../../chain/modules/evidence/module.ts";
import { consensusText } from "../../chain/modules/slashing/events.ts";
import { slashingModule } from "../../chain/modules/slashing/module.ts";
import { defaultParams } from "../../chain/modules/slashing/params.ts";
import { execute, query, transact } from "../../chain/runtime/testing.ts";
import { timestampOf } from "../../chain/runtime/time-text.ts";
import { SigningSet } from "../simulation/signing-set.ts";
import { consensus, denom, StakeChain, validatorOf, valoper, type StakeChainOptions } from "./stake.ts";
import type { Params, ValidatorSigningInfo } from "../../chain/codec/gen/cosmos/slashing/v1beta1/slashing.ts";
import type { QuerySigningInfoResponse } from "../../chain/codec/gen/cosmos/slashing/v1beta1/query.ts";
import type { EmittedEvent } from "../../chain/runtime/context.ts";

export interface SlashChainOptions extends Pick<StakeChainOptions, "accounts" | "hooks" | "params"> {
  /** Whole units of power of validators 1, 2, ..., who sign from block 1 on. */
  readonly powers?: readonly number[];
  readonly slashing?: Partial<Params>;
  readonly maxAgeBlocks?: bigint;
  readonly maxAgeSeconds?: bigint;
  readonly from?: SlashChain;
}

export interface Signed {
  /** Who did not sign the block that ends. */
  readonly absent?: readonly number[];
  readonly misbehavior?: readonly Misbehavior[];
  readonly seconds?: bigint;
}

export class SlashChain extends StakeChain {
  readonly #set: SigningSet;
  readonly #times: Map<bigint, bigint>;

  constructor({ powers = [100, 50, 20], slashing = {}, maxAgeBlocks = 100n, maxAgeSeconds = 1_000n, from, accounts = 9, hooks = [], params = {} }: SlashChainOptions = {}) {
    const { module: consensusMod, consensusParams } = consensusModule();
    super({
      accounts, params, hooks,
      around: (validators) => {
        const { module, slashing: port, hooks: own } = slashingModule({ validators });
        const { module: evidence } = evidenceModule({ validators, slashing: port, consensusParams });
        return { modules: [consensusMod, module, evidence], hooks: own };
      },
      sections: { slashing: { params: { ...defaultParams(), ...slashing }, signingInfos: [], missedBlocks: [] } },
      ...(from === undefined ? {} : { from }),
    });
    this.act((ctx) => consensusParams.init(ctx, {
      block: undefined, validator: undefined, version: undefined, abci: undefined, authority: undefined, evidence: { maxAgeNumBlocks: maxAgeBlocks, maxAgeDuration: { seconds: maxAgeSeconds, nanos: 0 }, maxBytes: 1_000n },
    }));
    if (from !== undefined) {
      this.#set = from.#set;
      this.#times = new Map(from.#times);
      transact(this.stores, (ctx) => { for (const module of this.modules) module.validatorUpdates?.(ctx); }, { ...this.block, mode: "genesis" });
      return;
    }
    this.#times = new Map();
    this.height = 0n;
    powers.forEach((power, i) => this.run("CreateValidator", { ...validatorOf(i + 1), value: { denom, amount: String(BigInt(power) * 1_000_000n) } }, { mode: "genesis" }));
    this.#set = new SigningSet(1n, transact(this.stores, (ctx) => this.modules.flatMap((module) => module.validatorUpdates?.(ctx) ?? []), { ...this.block, mode: "genesis" }).value);
    this.height = 1n;
    this.#times.set(1n, this.#now);
  }

  get #now(): bigint {
    return this.ctx.header.timeNanos;
  }

  /** Who signed the block that ends now. */
  commit(absent: readonly number[] = []): CommitInfo {
    const votes = this.#set.at(this.height).map((validator) => ({
      validator, blockIdFlag: absent.some((i) => equalBytes(consensus(i), validator.address)) ? BlockIDFlag.BLOCK_ID_FLAG_ABSENT : BlockIDFlag.BLOCK_ID_FLAG_COMMIT,
    }));
    return { round: 0, votes };
  }

  /** Ends the block and begins the next, which knows who signed; gives what the next one's beginning said. */
  sign({ absent = [], misbehavior = [], seconds = 5n }: Signed = {}): EmittedEvent[] {
    const { height } = this;
    const { updates, begun } = this.end(seconds, { lastCommit: this.commit(absent), misbehavior });
    this.#set.apply(height, updates);
    this.#times.set(this.height, this.#now);
    return begun;
  }
  /** Up to and with the beginning of this height. */
  signTo(height: number, signed: Signed = {}): EmittedEvent[] {
    const events: EmittedEvent[] = [];
    while (this.height < BigInt(height)) events.push(...this.sign(signed));
    return events;
  }

  /** What CometBFT reports of a validator that signed twice at this height. */
  misbehavior(i: number, height: bigint, type: MisbehaviorType = MisbehaviorType.DUPLICATE_VOTE): Misbehavior {
    const set = this.#set.at(height);
    const validator = set.find(({ address }) => equalBytes(address, consensus(i))) ?? { address: consensus(i), power: 1n };
    return { type, validator, height, time: timestampOf(this.#times.get(height)!), totalVotingPower: set.reduce((sum, { power }) => sum + power, 0n) };
  }

  /** Who signs this height. */
  signs(i: number): boolean {
    return this.#set.at(this.height).some(({ address }) => equalBytes(address, consensus(i)));
  }

  unjail(i: number): void {
    execute(this.stores, this.modules, "/cosmos.slashing.v1beta1.MsgUnjail", { validatorAddr: valoper(i) }, this.block);
  }
  ask<T>(path: string, request: unknown): T {
    return query<T>(this.stores, this.modules, `/cosmos.${path}`, request, this.block);
  }
  info(i: number): ValidatorSigningInfo {
    return this.ask<QuerySigningInfoResponse>("slashing.v1beta1.Query/SigningInfo", { consAddress: consensusText(consensus(i)) }).valSigningInfo!;
  }
}
