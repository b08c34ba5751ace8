/** cosmos.auth.v1beta1.Query. */
import { QueryDefinition } from "../../codec/gen/cosmos/auth/v1beta1/query.ts";
import { AddressError, addressBytes, addressText, moduleAddress, prefixes } from "../../codec/address.ts";
import { QueryError } from "../../runtime/errors.ts";
import { paginate } from "../../runtime/queries.ts";
import { queryService, type BoundQuery } from "../../runtime/module.ts";
import { StoredAccount, anyOfAccount, toBase } from "./accounts.ts";
import { accounts, addressOfNumber, params } from "./state.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import type { Context } from "../../runtime/context.ts";
import type { ModulePermissions } from "./keeper.ts";

export function authQueries(permissions: ModulePermissions): BoundQuery[] {
  return queryService(QueryDefinition, {
    accounts(ctx, request) {
      const { items, pagination } = paginate(ctx, accounts, request.pagination, (_, account) => anyOfAccount(account));
      return { accounts: items, pagination };
    },
    account(ctx, request) {
      if (request.address === "") throw new QueryError("InvalidArgument", "Address cannot be empty");
      return { account: anyOfAccount(wanted(ctx, request.address)) };
    },
    accountAddressByID(ctx, request) {
      if (request.id !== 0n) throw new QueryError("InvalidArgument", "requesting with id isn't supported, try to request using account-id");
      const address = addressOfNumber.find(ctx, request.accountId);
      if (address === undefined) throw new QueryError("NotFound", `account address not found with account number ${request.accountId}`);
      return { accountAddress: addressText(address) };
    },
    params: (ctx) => ({ params: params.get(ctx) }),
    moduleAccounts: (ctx) => ({ accounts: Object.keys(permissions).sort((a, b) => (a < b ? -1 : 1)).map((name) => moduleAny(ctx, permissions, name)!) }),
    moduleAccountByName(ctx, request) {
      if (request.name === "") throw new QueryError("InvalidArgument", "module name is empty");
      const account = moduleAny(ctx, permissions, request.name);
      if (account === undefined) throw new QueryError("NotFound", `account ${request.name.slice(0, 200)} not found`);
      return { account };
    },
    bech32Prefix: () => ({ bech32Prefix: prefixes.account }),
    addressBytesToString(_, request) {
      if (request.addressBytes.length === 0) throw new QueryError("Unknown", "empty address bytes is not allowed");
      return { addressString: plain(() => addressText(request.addressBytes)) };
    },
    addressStringToBytes(_, request) {
      if (request.addressString.trim() === "") throw new QueryError("Unknown", "empty address string is not allowed");
      return { addressBytes: plain(() => addressBytes(request.addressString)) };
    },
    accountInfo(ctx, request) {
      if (request.address === "") throw new QueryError("InvalidArgument", "address cannot be empty");
      return { info: { ...toBase(wanted(ctx, request.address)), address: request.address } };
    },
  });
}

function wanted(ctx: Context, text: string): StoredAccount {
  const account = accounts.find(ctx, plain(() => addressBytes(text)));
  if (account === undefined) throw new QueryError("NotFound", `account ${text} not found`);
  return account;
}

/** The SDK gives these errors without a gRPC code. */
function plain<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof AddressError) throw new QueryError("Unknown", error.message);
    throw error;
  }
}

/** The module's account; one that was never used is shown as it will be made, as the SDK does. */
function moduleAny(ctx: Context, permissions: ModulePermissions, name: string): Any | undefined {
  const known = Object.hasOwn(permissions, name) ? permissions[name] : undefined;
  if (known === undefined) return undefined;
  const address = moduleAddress(name);
  return anyOfAccount(accounts.find(ctx, address) ?? new StoredAccount(addressText(address), undefined, 0n, 0n, { kind: "module", name, permissions: known }));
}
