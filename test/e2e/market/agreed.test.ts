import { after, before, describe, it } from "mocha";
import { acceptQuote, failForward, useForward, useForwardOfAnOrganization } from "./agreed.ts";
import { judge } from "./disputes.ts";
import { World } from "./world.ts";

describe("quotes, forwards and a dispute on a real network", function () {
  this.timeout(180_000);
  let world: World;
  let [quoted, failed, used, spent, judged]: Promise<void>[] = [];
  before(async () => {
    world = await World.start(2);
    // A slot takes half a minute: what does not disturb each other runs side by side.
    quoted = acceptQuote(world);
    failed = quoted.catch(() => undefined).then(() => failForward(world));
    used = useForward(world);
    spent = quoted.catch(() => undefined).then(() => useForwardOfAnOrganization(world));
    judged = quoted.catch(() => undefined).then(() => judge(world));
    for (const run of [failed, used, spent, judged]) run.catch(() => undefined);
  });
  after(async () => {
    await world?.stop();
  });

  it("accepts a quote for another shape by the bid that names it, runs the job and pays the quote's price", () => quoted);
  it("delivers a forward to the account that it was transferred to, which pays for what it uses and margin for the rest", () => used);
  it("delivers a forward that an organization's money bought to any of its members, and bills the organization for lots and margin (STM-7, STM-10)", () => spent);
  it("makes a seller pay that does not deliver, and sees the failure in its margin", () => failed);
  it("lets a jury decide on pay that is held: a bribed first round falls on appeal, and all goes back", () => judged);
});
