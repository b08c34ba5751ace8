import assert from "node:assert/strict";
import { addressText, moduleAddress } from "../../codec/address.ts";
import { StakeAuthorization } from "../../codec/gen/cosmos/staking/v1beta1/authz.ts";
import { MsgBeginRedelegate, MsgCancelUnbondingDelegation, MsgDelegate, MsgUndelegate } from "../../codec/gen/cosmos/staking/v1beta1/tx.ts";
import type { QueryGranteeGrantsResponse } from "../../codec/gen/cosmos/authz/v1beta1/query.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import type { TxError } from "../../runtime/errors.ts";
import { Router } from "../../runtime/router.ts";
import { brokenInvariants, execute, initGenesis, query, testContext } from "../../runtime/testing.ts";
import { denom, StakeChain, text, valoper } from "../../../test/support/stake.ts";
import { authzModule } from "./module.ts";
import { delegations } from "../staking/validators/state.ts";
import { addressBytes, prefixes } from "../../codec/address.ts";

const pack = <T>(type: { $type: string; fromPartial(o: object): T; encode(m: T): { finish(): Uint8Array } }, value: object): Any => ({ typeUrl: `/${type.$type}`, value: type.encode(type.fromPartial(value)).finish() });
const amount = (value: number, of = denom) => ({ denom: of, amount: String(value) });
const [granter, grantee] = [text(3), text(4)];
const refused = (codespace: string, code: number, words?: RegExp) => (error: TxError) => error.codespace === codespace && error.code === code && (words?.test(error.message) ?? true);

class Granted extends StakeChain {
  constructor(...authorizations: object[]) {
    super();
    const router = new Router();
    const { module } = authzModule({ accounts: this.accounts, bank: this.bank, messages: router });
    (this.modules as unknown[]).push(module);
    router.bind(this.modules);
    initGenesis(this.stores, [module]);
    this.create(1, 10_000_000);
    this.create(2, 10_000_000);
    this.delegate(3, 1, 1_000);
    for (const authorization of authorizations) {
      execute(this.stores, this.modules, "/cosmos.authz.v1beta1.MsgGrant", { granter, grantee, grant: { authorization: pack(StakeAuthorization, authorization), expiration: undefined } }, this.block);
    }
  }
  exec(...msgs: Any[]): void {
    execute(this.stores, this.modules, "/cosmos.authz.v1beta1.MsgExec", { grantee, msgs }, this.block);
  }
  shares(validator: number): string | undefined {
    return delegations.find(testContext(this.stores), [addressBytes(granter), addressBytes(valoper(validator), prefixes.validator)])?.shares.slice(0, -18);
  }
  left(): (string | undefined)[] {
    const { grants } = query<QueryGranteeGrantsResponse>(this.stores, this.modules, "/cosmos.authz.v1beta1.Query/GranteeGrants", { grantee, pagination: undefined });
    return grants.map(({ authorization }) => StakeAuthorization.decode(authorization!.value).maxTokens?.amount);
  }
}
const delegate = (value: number, validator = 1, of = denom): Any => pack(MsgDelegate, { delegatorAddress: granter, validatorAddress: valoper(validator), amount: amount(value, of) });

describe("stake authorizations (AUTHZ-8)", () => {
  it("never reach a denied validator, however its address is spelled, and reach an allowed one both ways", () => {
    const upper = (validator: number): Any => pack(MsgDelegate, { delegatorAddress: granter, validatorAddress: valoper(validator).toUpperCase(), amount: amount(10) });
    const denying = new Granted({ authorizationType: 1, denyList: { address: [valoper(2)] } });
    assert.throws(() => { denying.exec(upper(2)); }, refused("sdk", 4, /cannot delegate\/undelegate/));
    denying.exec(upper(1));
    assert.deepEqual([denying.shares(1), denying.shares(2)], ["1010", undefined]);
    const allowing = new Granted({ authorizationType: 1, allowList: { address: [valoper(1)] } });
    allowing.exec(upper(1));
    assert.equal(allowing.shares(1), "1010");
  });

  it("delegate within their limit and their list, and end when it is spent", () => {
    const chain = new Granted({ authorizationType: 1, maxTokens: amount(100), allowList: { address: [valoper(1)] } });
    chain.exec(delegate(60));
    assert.deepEqual([chain.shares(1), chain.left()], ["1060", ["40"]]);
    assert.throws(() => { chain.exec(delegate(41)); }, refused("undefined", 1, /negative coin amount: -1udcm/));
    assert.throws(() => { chain.exec(delegate(1, 2)); }, refused("sdk", 4, /cannot delegate\/undelegate to dcmvaloper1\w+ validator/));
    assert.throws(() => { chain.exec(delegate(1, 1, "ustone")); }, refused("undefined", 1, /invalid coin denominations/));
    assert.deepEqual(chain.left(), ["40"]);
    chain.exec(delegate(40));
    assert.deepEqual([chain.shares(1), chain.left()], ["1100", []]);
    assert.throws(() => { chain.exec(delegate(1)); }, refused("authz", 2));
    chain.end();
  });

  it("undelegate, redelegate and cancel; a redelegation counts for where it goes", () => {
    const chain = new Granted(
      { authorizationType: 2, maxTokens: undefined, denyList: { address: [valoper(2)] } },
      { authorizationType: 3, maxTokens: amount(500), denyList: { address: [valoper(1)] } },
      { authorizationType: 4, maxTokens: undefined, allowList: { address: [valoper(1)] } },
    );
    chain.exec(pack(MsgUndelegate, { delegatorAddress: granter, validatorAddress: valoper(1), amount: amount(300) }));
    assert.throws(() => { chain.exec(pack(MsgUndelegate, { delegatorAddress: granter, validatorAddress: valoper(2), amount: amount(1) })); }, refused("sdk", 4));
    chain.exec(pack(MsgBeginRedelegate, { delegatorAddress: granter, validatorSrcAddress: valoper(1), validatorDstAddress: valoper(2), amount: amount(200) }));
    assert.throws(() => { chain.exec(pack(MsgBeginRedelegate, { delegatorAddress: granter, validatorSrcAddress: valoper(2), validatorDstAddress: valoper(1), amount: amount(1) })); }, refused("sdk", 4));
    chain.exec(pack(MsgCancelUnbondingDelegation, { delegatorAddress: granter, validatorAddress: valoper(1), amount: amount(100), creationHeight: 1 }));
    assert.deepEqual([chain.shares(1), chain.shares(2)], ["600", "200"]);
    assert.deepEqual(chain.left().sort(), ["300", undefined, undefined]);
    chain.end();
    assert.deepEqual(brokenInvariants(chain.stores, chain.modules), []);
  });

  it("are refused where they say nothing or too much", () => {
    const validators = Array.from({ length: 257 }, (_, i) => addressText(moduleAddress(String(i)), prefixes.validator));
    assert.throws(() => new Granted({ authorizationType: 0, maxTokens: undefined }), refused("authz", 4));
    assert.throws(() => new Granted({ authorizationType: 1, maxTokens: amount(-1) }), refused("authz", 12));
    assert.throws(() => new Granted({ authorizationType: 1, maxTokens: undefined, allowList: { address: validators } }), refused("sdk", 18));
  });
});
