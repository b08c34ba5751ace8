/**
 * Shows how a lie ends: a provider commits to a result that its program does not give, somebody who ran the program again challenges it, both narrow down where their runs part, and the
 * chain runs that part itself. Nobody votes.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import pc from "picocolors";
import { lotOf } from "../cli/book.ts";
import { providerNames } from "../cli/providers.ts";
import { grouped, type Screen } from "../cli/screen.ts";
import { blockEvents, type NamedEvent } from "../client/chain-events.ts";
import type { Connection } from "../client/connection.ts";
import type { Sender } from "../client/sender.ts";
import type { Gateway } from "../worker/gateway/gateway.ts";
import { requestOf } from "../worker/gateway/run-job.ts";
import { loadJob } from "../worker/job-file.ts";
import { Challenger } from "../worker/refereed/challenger.ts";
import { Disputes } from "../worker/refereed/disputes.ts";
import { denom } from "./homes.ts";

export interface DisputeDemoOptions {
  readonly screen: Screen;
  readonly connection: Connection;
  /** Alice's. */
  readonly gateway: Gateway;
  /** Of whoever runs results again. */
  readonly bob: Sender;
  readonly signal: AbortSignal;
}

const POLL_MS = 250;
/** Draw, run, window and every move of both sides, each at its slowest. */
const PATIENCE_MS = 180_000;
const market = "dcm.market.v1.Event";
const referee = "dcm.referee.v1.Event";

interface Told {
  readonly who: string;
  readonly what: string;
}

export async function showDispute(options: DisputeDemoOptions): Promise<void> {
  const { screen, connection, gateway, bob } = options;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(PATIENCE_MS)]);
  const loaded = await loadJob(join(import.meta.dirname, "../examples/histogram"), "refereed.json");
  const one = { ...loaded, job: { ...loaded.job, waves: loaded.job.waves.slice(0, 1) }, inputs: loaded.inputs.slice(0, 1) };
  const { job } = one;
  const names = new Map([...(await providerNames(connection)), [bob.address, "bob"]]);
  const [ask] = (await connection.query.market.asks({ classId: job.classId, quoteDenom: job.quoteDenom })).asks;
  const liar = ask!.provider;
  const name = (address: string | undefined): string => names.get(address ?? "") ?? address ?? "";
  const { params } = await connection.query.market.params();
  const capacity = (await connection.query.market.class({ classId: job.classId })).class!;
  screen.title("Dispute: a provider lies about a result");
  screen.paragraph(`  ${name(liar)} alone offers ${job.classId} here (a lot is ${lotOf(capacity)}), and leaves another output than its program's. alice's job has one task of it, ${job.verification} and in the clear: whoever runs it again can challenge it, as bob does here and dcm challenge does for anybody.`, 2);

  const bondOf = async (): Promise<bigint> => BigInt((await connection.query.providers.provider({ operator: liar })).provider!.bond!.total);
  const fundsOf = async (address: string): Promise<bigint> => BigInt((await connection.query.bank.balance(address, denom)).amount);
  const before = { bond: await bondOf(), bob: await fundsOf(bob.address) };
  const party = { connection, sender: bob, party: bob.address, encryptionSecret: randomBytes(32), pollMs: POLL_MS, log: () => undefined };
  const [challenger, disputes] = [new Challenger(party), new Disputes(party)];
  challenger.start();
  disputes.start();
  const happened: NamedEvent[] = [];
  try {
    const placed = await gateway.place(requestOf(one));
    screen.print(`\n${pc.bold(`job ${placed.id}`)}, a bid for 1 task, in block ${placed.sent.height}; set aside ${grouped(placed.escrow)} ${job.quoteDenom}`);
    screen.moving("  waits for the provider's result");
    for await (const { height, events, ofTransactions } of blockEvents(connection, placed.sent.height, POLL_MS, signal)) {
      const ours = [...ofTransactions, ...events].filter(({ attributes }) => attributes["job_id"] === String(placed.id));
      happened.push(...ours);
      for (const { who, what } of ours.flatMap((event) => tell(event, name))) screen.print(`  ${pc.dim(`block ${height}`)}  ${who.padEnd(10)}  ${what}`);
      if (ours.some(({ type, attributes }) => type === `${market}ReplicaChanged` && attributes["state"] === "committed")) screen.moving(`  now a provider may be drawn to audit it; none is found within ${grouped(params!.drawDue / 1_000n)} s, as nobody else offers the class`);
      if (happened.some(({ type, attributes }) => type === `${market}EscrowSettled` && attributes["held"] === "0")) break;
    }
    options.signal.throwIfAborted();
    const closed = find(happened, `${referee}DisputeClosed`);
    const penalty = find(happened, `${market}ProviderPenalized`);
    const settled = find(happened, `${market}EscrowSettled`);
    if (closed?.["outcome"] !== "provider_wrong" || penalty === undefined || settled === undefined) throw new Error(`the dispute about job ${placed.id} did not end within ${PATIENCE_MS / 1_000} s with the provider convicted; the logs below logs/ may say why`);
    screen.still("");
    const opened = find(happened, `${referee}DisputeOpened`)!;
    const [lost, toProver, toConsumer] = [penalty["amount"]!, penalty["to_provers"]!, penalty["to_consumer"]!].map(BigInt) as [bigint, bigint, bigint];
    const after = { bond: await bondOf(), bob: await fundsOf(bob.address) };
    screen.print(pc.bold(`  verdict: ${name(liar)} was wrong`));
    screen.table(["", `amount (${denom})`, ""], [
      [`${name(liar)} lost of its bond`, grouped(lost), `${grouped(before.bond)} before, ${grouped(after.bond)} now`],
      ["  of that to bob", grouped(toProver), "who proved it"],
      ...(toConsumer === 0n ? [] : [["  to alice", grouped(toConsumer), "for having to buy again"]]),
      ["  burned", grouped(lost - toProver - toConsumer), ""],
      ["bob's bond for the challenge", grouped(opened["bond"]!), "came back"],
      ["bob has more than before", grouped(after.bob - before.bob), "fees of his moves taken off"],
      ["alice paid for the lie", grouped(settled["paid"]!), `${grouped(settled["refunded"]!)} ${job.quoteDenom} came back`],
    ], [1]);
    screen.print();
    screen.paragraph(pc.dim("The chain ran only the part of the run in which both differed. chain/modules/referee/README.md has the rules, docs/adr/0033-referee.md the attacks."));
  } finally {
    await Promise.all([challenger.stop(), disputes.stop()]);
  }
}

const find = (events: readonly NamedEvent[], type: string): NamedEvent["attributes"] | undefined => events.find((event) => event.type === type)?.attributes;

/** A line for what people care about, none for the rest. */
function tell({ type, attributes: of }: NamedEvent, name: (address: string | undefined) => string): Told[] {
  const [provider, challenger] = [name(of["provider"]), name(of["challenger"])];
  const line = (who: string, what: string): Told[] => [{ who, what }];
  const range = `${grouped(of["length"] ?? "0")} ${of["length"] === "1" ? "transition" : "transitions"}`;
  switch (type) {
    case `${market}ReplicaChanged`:
      if (of["state"] === "committed") return line(provider, "committed to its result");
      return of["state"] === "revealed" ? line(provider, `revealed it: ${pc.yellow("a lie")}, but who knows`) : [];
    case `${referee}DisputeOpened`: return line(challenger, `ran the program again, came to another end and ${pc.yellow("challenges")}, with a bond of ${grouped(of["bond"]!)} ${denom}`);
    case `${referee}Turn`: return of["turn"] === "provider" ? line(provider, pc.dim(`has to show its states within ${range}`)) : line(challenger, pc.dim(`has to say in which part of these ${range} they first differ`));
    case `${referee}ProofTaken`: return line(provider, "hands over the memory that the rest touches, for the chain to run");
    case `${referee}ProofRun`: return line("the chain", "ran it");
    case `${referee}ProofRefused`: return line("the chain", `takes no such proof: ${of["reason"]}`);
    case `${referee}DisputeClosed`: return line("the chain", of["outcome"] === "provider_wrong" ? pc.green(`finds that ${provider} was wrong`) : pc.red(`closes the dispute: ${of["outcome"]!.replaceAll("_", " ")}`));
    default: return [];
  }
}
