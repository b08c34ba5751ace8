/** New coins of each block, by the SDK's `mint`: to the fee collector, which distribution empties after it. */
import { GenesisState } from "../../codec/gen/cosmos/mint/v1beta1/genesis.ts";
import { QueryDefinition } from "../../codec/gen/cosmos/mint/v1beta1/query.ts";
import { MsgDefinition } from "../../codec/gen/cosmos/mint/v1beta1/tx.ts";
import { moduleAddress } from "../../codec/address.ts";
import { utf8 } from "../../codec/bytes.ts";
import { Dec } from "../../math/dec.ts";
import { defineModule, messageService, queryService, type Genesis, type Module } from "../../runtime/module.ts";
import { blockProvision, nextMinter } from "./inflation.ts";
import { updateParams } from "./messages/update-params.ts";
import { defaultMinter, defaultParams, minterFault, mostSupply, paramsFault } from "./params.ts";
import { minter, params, storeName } from "./state.ts";
import type { AccountsPort } from "../auth/ports.ts";
import type { BankPort } from "../bank/ports.ts";
import type { StakingPort } from "../staking/validators/ports.ts";
import type { Context } from "../../runtime/context.ts";

export interface MintPorts {
  readonly bank: Pick<BankPort, "mint" | "send">;
  readonly accounts: Pick<AccountsPort, "moduleAccount">;
  readonly staking: Pick<StakingPort, "tokenSupply" | "totalBonded">;
}

const moduleName = "mint";
const account = moduleAddress(moduleName);
const feeCollector = moduleAddress("fee_collector");

export function mintModule(ports: MintPorts): { readonly module: Module } {
  const module = defineModule({
    name: moduleName,
    stores: [storeName],
    consensusVersion: 2,
    messages: messageService(MsgDefinition, { updateParams }),
    queries: queryService(QueryDefinition, {
      params: (ctx) => ({ params: params.get(ctx) }),
      inflation: (ctx) => ({ inflation: decText(minter.get(ctx).inflation) }),
      annualProvisions: (ctx) => ({ annualProvisions: decText(minter.get(ctx).annualProvisions) }),
    }),
    genesis: mintGenesis(ports),
    beginBlock: (ctx) => mintBlock(ports, ctx),
  });
  return { module };
}

/** The SDK's LegacyDec as bytes of these two responses: its atomics as text. */
const decText = utf8;

/** MINT-1. */
function mintBlock({ bank, staking }: MintPorts, ctx: Context): void {
  const wanted = params.get(ctx);
  const before = minter.get(ctx);
  const supply = staking.tokenSupply(ctx);
  const bondedRatio = supply > 0n ? Dec.fromInt(staking.totalBonded(ctx)).quoInt(supply) : Dec.zero;
  const after = nextMinter(before, wanted, bondedRatio, supply);
  if (after.inflation !== before.inflation || after.annualProvisions !== before.annualProvisions) minter.set(ctx, after);
  const amount = supply < mostSupply ? blockProvision(after, wanted) : 0n;
  if (amount > 0n) {
    const coins = [{ denom: wanted.mintDenom, amount }];
    bank.mint(ctx, moduleName, coins);
    bank.send(ctx, account, feeCollector, coins);
  }
  const { inflation, annualProvisions } = after;
  ctx.emit("mint", [
    ["bonded_ratio", bondedRatio.toString()], ["inflation", Dec.fromProto(inflation).toString()], ["annual_provisions", Dec.fromProto(annualProvisions).toString()], ["amount", amount.toString()],
  ]);
}

function mintGenesis({ accounts }: MintPorts): Genesis<GenesisState> {
  return {
    type: GenesisState,
    defaults: () => ({ minter: defaultMinter(), params: defaultParams() }),
    check(state) {
      const fault = paramsFault(state.params ?? defaultParams()) ?? minterFault(state.minter ?? defaultMinter());
      if (fault !== undefined) throw new Error(fault);
    },
    init(ctx, state) {
      minter.set(ctx, state.minter ?? defaultMinter());
      params.set(ctx, state.params ?? defaultParams());
      accounts.moduleAccount(ctx, moduleName);
    },
    export: (ctx) => ({ minter: minter.get(ctx), params: params.get(ctx) }),
  };
}
