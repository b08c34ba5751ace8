import assert from "node:assert/strict";
import fc from "fast-check";
import { addressText, moduleAddress } from "../../codec/address.ts";
import { fromHex } from "../../codec/bytes.ts";
import { BaseAccount, ModuleAccount } from "../../codec/gen/cosmos/auth/v1beta1/auth.ts";
import { ContinuousVestingAccount } from "../../codec/gen/cosmos/vesting/v1beta1/vesting.ts";
import { encodePubKey } from "../../codec/pubkey.ts";
import { authority } from "../../runtime/addresses.ts";
import { QueryError, TxError } from "../../runtime/errors.ts";
import { brokenInvariants, execute, initGenesis, memoryStores, query, testContext } from "../../runtime/testing.ts";
import { afterSequence, baseDetails, decodeAccount, encodeAccount, StoredAccount } from "./accounts.ts";
import { authModule } from "./module.ts";
import { defaultParams } from "./params.ts";
import type { QueryAccountInfoResponse, QueryAccountResponse, QueryAccountsResponse, QueryModuleAccountsResponse } from "../../codec/gen/cosmos/auth/v1beta1/query.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import type { StoresOverlay } from "../../store/overlay.ts";

const { module: auth } = authModule({ fee_collector: [], gov: ["burner"] });
const text = (i: number): string => addressText(new Uint8Array(20).fill(i));
const base = (i: number, accountNumber: bigint): Any => ({ typeUrl: "/cosmos.auth.v1beta1.BaseAccount", value: BaseAccount.encode({ address: text(i), pubKey: undefined, accountNumber, sequence: 3n }).finish() });
const path = (method: string): string => `/cosmos.auth.v1beta1.Query/${method}`;

function chain(accounts: readonly Any[]): StoresOverlay {
  const stores = memoryStores();
  initGenesis(stores, [auth], { auth: { params: defaultParams(), accounts } });
  return stores;
}

describe("auth", () => {
  it("gives every account a number of its own, also where genesis repeats one (AUTH-2)", () => {
    const stores = chain([base(1, 0n), base(2, 0n), base(3, 5n), base(4, 5n)]);
    const found = [1, 2, 3, 4].map((i) => query<QueryAccountInfoResponse>(stores, [auth], path("AccountInfo"), { address: text(i) }).info!.accountNumber);
    assert.deepEqual(found, [0n, 1n, 5n, 2n]);
    assert.deepEqual(brokenInvariants(stores, [auth]), []);
    const collector = ModuleAccount.decode(query<QueryAccountResponse>(stores, [auth], path("Account"), { address: addressText(moduleAddress("fee_collector")) }).account!.value);
    assert.deepEqual([collector.name, collector.baseAccount!.accountNumber], ["fee_collector", 6n]);
  });

  it("keeps state keys and values in the SDK's layout (AUTH-1)", () => {
    const stores = chain([base(1, 0n)]);
    const entries = [...stores.store("acc").iterate()].map(([key, value]) => [Buffer.from(key).toString("hex"), Buffer.from(value).toString("hex")]);
    const account = entries.find(([key]) => key === `01${"01".repeat(20)}`)!;
    assert.ok(account[1]!.startsWith(`0a20${Buffer.from("/cosmos.auth.v1beta1.BaseAccount").toString("hex")}12`));
    assert.deepEqual(entries.find(([key]) => key === "02"), ["02", "0000000000000002"]);
    assert.deepEqual(entries.find(([key]) => key === `${Buffer.from("accountNumber").toString("hex")}${"00".repeat(8)}`)?.[1], "01".repeat(20));
  });

  it("moves stored bytes to the next sequence as decoding and encoding do, or leaves them to these (AUTH-1)", () => {
    const sequence = fc.oneof(fc.constantFrom(0n, 1n, 126n, 127n, 128n, 16_383n, 16_384n, (1n << 53n) - 2n), fc.bigInt({ min: 0n, max: (1n << 53n) - 2n }));
    const key = fc.option(fc.uint8Array({ minLength: 33, maxLength: 33 }).map((bytes) => encodePubKey({ kind: "secp256k1", key: bytes })), { nil: undefined });
    fc.assert(
      fc.property(fc.nat(255), key, fc.bigInt({ min: 0n, max: 1n << 48n }), sequence, fc.bigInt({ min: 0n, max: 1n << 64n }), (i, pubKey, number, at, other) => {
        const account = new StoredAccount(text(i), pubKey, number, at, baseDetails);
        const bytes = encodeAccount(account);
        const next = encodeAccount(account.with({ sequence: at + 1n }));
        const moved = afterSequence(bytes, at);
        // A sequence that takes one more byte, or its first, changes the lengths too.
        assert.deepEqual(moved === undefined ? undefined : Buffer.from(moved), next.length === bytes.length ? Buffer.from(next) : undefined);
        assert.equal(decodeAccount(bytes).sequence, at);
        if (other !== at) assert.equal(afterSequence(bytes, other), undefined);
        const module = encodeAccount(account.with({ details: { kind: "module", name: "gov", permissions: [] } }));
        assert.equal(afterSequence(module, at), undefined);
      }),
    );
  });

  it("refuses genesis accounts that contradict themselves (AUTH-3)", () => {
    assert.throws(() => chain([base(1, 0n), base(1, 1n)]), /duplicate account found in genesis state/);
    const wrongKey = BaseAccount.encode({ address: text(1), pubKey: encodePubKey({ kind: "ed25519", key: new Uint8Array(32) }), accountNumber: 0n, sequence: 0n }).finish();
    assert.throws(() => chain([{ typeUrl: "/cosmos.auth.v1beta1.BaseAccount", value: wrongKey }]), /account address and pubkey address do not match/);
    const wrongName = ModuleAccount.encode({ baseAccount: BaseAccount.fromPartial({ address: text(1) }), name: "mint", permissions: [] }).finish();
    assert.throws(() => chain([{ typeUrl: "/cosmos.auth.v1beta1.ModuleAccount", value: wrongName }]), /cannot be derived from the module name 'mint'/);
    const early = ContinuousVestingAccount.encode({ baseVestingAccount: { baseAccount: BaseAccount.fromPartial({ address: text(1) }), originalVesting: [{ denom: "stake", amount: "1" }], delegatedFree: [], delegatedVesting: [], endTime: 5n }, startTime: 5n }).finish();
    assert.throws(() => chain([{ typeUrl: "/cosmos.vesting.v1beta1.ContinuousVestingAccount", value: early }]), /vesting start-time cannot be before end-time/);
  });

  it("answers accounts, module accounts and addresses (AUTH-4)", () => {
    const stores = chain([base(1, 0n), base(2, 1n)]);
    const page = { key: new Uint8Array(0), offset: 1n, limit: 1n, countTotal: true, reverse: false };
    const accounts = query<QueryAccountsResponse>(stores, [auth], path("Accounts"), { pagination: page });
    assert.deepEqual([accounts.accounts.length, accounts.pagination!.total], [1, 3n]);
    const names = query<QueryModuleAccountsResponse>(stores, [auth], path("ModuleAccounts"), {}).accounts.map(({ value }) => ModuleAccount.decode(value).name);
    assert.deepEqual(names, ["fee_collector", "gov"]);
    assert.throws(() => query(stores, [auth], path("Account"), { address: text(9) }), (error: QueryError) => error.log === `rpc error: code = NotFound desc = account ${text(9)} not found`);
    assert.throws(() => query(stores, [auth], path("Account"), { address: "x" }), QueryError);
    assert.deepEqual(query(stores, [auth], path("AddressBytesToString"), { addressBytes: fromHex("01".repeat(20)) }), { addressString: text(1) });
    assert.deepEqual(query(stores, [auth], path("Bech32Prefix"), {}), { bech32Prefix: "dcm" });
  });

  it("lets the authority change parameters, in range (AUTH-5)", () => {
    const stores = chain([]);
    const typeUrl = "/cosmos.auth.v1beta1.MsgUpdateParams";
    execute(stores, [auth], typeUrl, { authority, params: { ...defaultParams(), maxMemoCharacters: 9n } });
    assert.equal((auth.genesis!.export(testContext(stores)) as { params: { maxMemoCharacters: bigint } }).params.maxMemoCharacters, 9n);
    assert.throws(() => execute(stores, [auth], typeUrl, { authority, params: { ...defaultParams(), txSigLimit: 0n } }), (error: TxError) => error.message === "invalid tx signature limit: 0");
    assert.throws(() => execute(stores, [auth], typeUrl, { authority: text(1), params: defaultParams() }), TxError);
  });
});
