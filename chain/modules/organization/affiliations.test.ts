import assert from "node:assert/strict";
import { addressBytes, addressText, moduleAddress } from "../../codec/address.ts";
import type { GenesisState } from "../../codec/gen/dcm/staking/v1/genesis.ts";
import { Role } from "../../codec/gen/dcm/organization/v1/types.ts";
import { TxError } from "../../runtime/errors.ts";
import { execute, initGenesis } from "../../runtime/testing.ts";
import { account, authority, denom, plainBank, ProvidersWorld } from "../staking/providers/testing.ts";
import { organizationModule } from "./module.ts";

const [olga, otto, sam, eve] = [account(1), account(2), account(3), account(4)];

/** Providers with the real organizations; acme has an owner, an operator and a spender. */
function world(genesis?: GenesisState): { readonly w: ProvidersWorld; send(type: string, message: object): void; goesBy(operator: string): string } {
  const bank = { send: plainBank.send, requireSendEnabled: () => undefined, isBlocked: () => false };
  const { module, organizations } = organizationModule({ bank, accounts: { ensure: () => undefined as never, moduleAccount: (_, name) => moduleAddress(name) }, authority });
  const w = new ProvidersWorld({ affiliations: organizations, ...(genesis === undefined ? {} : { genesis, balances: { [addressText(moduleAddress("providers"))]: 5_000_000n, [olga]: 20_000_000n, [eve]: 20_000_000n } }) });
  initGenesis(w.stores, [module]);
  const send = (type: string, message: object): void => void execute(w.stores, [module], `/dcm.organization.v1.${type}`, message);
  send("MsgCreateOrganization", { creator: olga, name: "acme" });
  for (const [member, role] of [[otto, Role.ROLE_OPERATOR], [sam, Role.ROLE_SPENDER]] as const) {
    send("MsgSetMember", { admin: olga, organization: "acme", member, role });
    send("MsgAcceptMembership", { member, organization: "acme" });
  }
  return { w, send, goesBy: (operator) => w.kit.providers.find(w.ctx(), addressBytes(operator))!.organization };
}

describe("whose name a provider goes by", () => {
  const bond = { denom, amount: "5000000" };
  const profile = { moniker: "m", endpoints: [], encryptionKey: new Uint8Array(32).fill(9), attributes: [], organization: "acme" };
  const refused = (action: () => unknown, text: RegExp): void => assert.throws(action, (error) => error instanceof TxError && error.codespace === "providers" && error.code === 16 && text.test(error.message));

  it("ORG-15 is an organization's where its operator is a member whose role may", () => {
    const { w, goesBy } = world();
    w.send("RegisterProvider", { operator: otto, profile, bond });
    assert.equal(goesBy(otto), "acme");
    refused(() => w.send("RegisterProvider", { operator: eve, profile, bond }), /no member of organization acme/);
    refused(() => w.send("RegisterProvider", { operator: sam, profile, bond }), /is spender of organization acme/);
    refused(() => w.send("RegisterProvider", { operator: eve, profile: { ...profile, organization: "globex" }, bond }), /there is no organization globex/);
    w.send("RegisterProvider", { operator: eve, profile: { ...profile, organization: "" }, bond });
    refused(() => w.send("EditProvider", { operator: eve, profile }), /no member/);
    assert.equal(goesBy(eve), eve);
  });

  it("ORG-15 is its own again as soon as its role may not, and the organization's once more where it may", () => {
    const { w, send, goesBy } = world();
    w.send("RegisterProvider", { operator: otto, profile, bond });
    send("MsgSetMember", { admin: olga, organization: "acme", member: otto, role: Role.ROLE_VIEWER });
    assert.equal(goesBy(otto), otto);
    // What it has already it may keep in its profile: it counts for nothing.
    w.send("EditProvider", { operator: otto, profile: { ...profile, moniker: "other" } });
    assert.equal(goesBy(otto), otto);
    send("MsgSetMember", { admin: olga, organization: "acme", member: otto, role: Role.ROLE_ADMIN });
    assert.equal(goesBy(otto), "acme");
    send("MsgRemoveMember", { signer: otto, organization: "acme", member: otto });
    assert.equal(goesBy(otto), otto);
  });

  it("ORG-15 of a genesis stays what it is until somebody registers the name", () => {
    const before = new ProvidersWorld();
    before.send("RegisterProvider", { operator: otto, profile: { ...profile, organization: "globex" }, bond });
    const { w, send, goesBy } = world(before.kit.module.genesis!.export(before.ctx()) as GenesisState);
    assert.equal(goesBy(otto), "globex");
    w.send("EditProvider", { operator: otto, profile: { ...profile, organization: "globex", moniker: "other" } });
    send("MsgCreateOrganization", { creator: eve, name: "globex" });
    assert.equal(goesBy(otto), otto);
  });
});
