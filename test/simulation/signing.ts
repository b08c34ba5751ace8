/** Who signs in a simulation, with which numbers. */
import { addressBytes, isAddress } from "../../chain/codec/address.ts";
import { accounts } from "../../chain/modules/auth/state.ts";
import type { Machine } from "../../chain/runtime/machine.ts";
import type { TestAccount } from "../support/accounts.ts";
import type { Signing } from "./plan.ts";
import { denom, governor, type SimulatedWorld } from "./world.ts";

/** Numbers of the machine's latest state; `pending` counts the transactions of each signer that are on their way. */
export function signingFor(machine: Machine, world: SimulatedWorld, nanos: bigint, pending: ReadonlyMap<string, bigint> = new Map()): Signing {
  const ctx = machine.queryContext();
  const keys = new Map<string, TestAccount>([governor, ...world.accounts, ...world.validators.map((validator) => validator.operator)].map((account) => [account.text, account]));
  return {
    chainId: world.chainId, denom, time: nanos / 1_000_000_000n, registry: machine.router.registry,
    account: (address) => {
      const account = isAddress(address) ? accounts.find(ctx, addressBytes(address)) : undefined;
      return { keys: keys.get(address), accountNumber: account?.accountNumber ?? 0n, sequence: (account?.sequence ?? 0n) + (pending.get(address) ?? 0n) };
    },
  };
}
