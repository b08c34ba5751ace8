/**
 * Shows a service level kept by the chain: what the job found goes on the market as a service under an SLA, its provider's machine is stopped, drawn providers see that it does not
 * answer, and the consumer has a part of its money back without having asked.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import pc from "picocolors";
import { labelsOf, modelOf, requestOf } from "../examples/classify/model.ts";
import { penguins } from "../examples/kmeans/inputs.ts";
import type { Connection } from "../client/connection.ts";
import type { ServiceGateway } from "../worker/gateway/services.ts";
import { blockEvents, type NamedEvent } from "../client/chain-events.ts";
import { denom } from "./homes.ts";
import { grouped, type Screen } from "../cli/screen.ts";

/** One that serves and two that look. */
export const leastProviders = 3;

export interface ServiceDemoOptions {
  readonly screen: Screen;
  readonly connection: Connection;
  readonly gateway: ServiceGateway;
  /** What the job `kmeans` gave. */
  readonly output: Uint8Array;
  /** A provider's machine by the provider's name, e.g. provider-0. */
  readonly machine: (provider: string) => { kill(): Promise<void>; start(): Promise<void> };
  readonly signal: AbortSignal;
}

const limitPrice = 200_000n;
const sla = { minAvailabilityBps: 9_000, maxLatencyMs: 2_000n, periodMs: 5_000n, creditBps: 4_000 };
const POLL_MS = 200;
/** Rounds after the machine is stopped: in the first one a prober may have looked before. */
const PATIENCE_MS = 60_000;
const judged = "dcm.market.v1.EventProbeJudged";
const paid = "dcm.market.v1.EventCreditPaid";

export async function showServiceLevel(options: ServiceDemoOptions): Promise<void> {
  const { screen, connection, gateway, output } = options;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(PATIENCE_MS)]);
  const { providers } = await connection.query.providers.providers();
  const names = new Map(providers.map(({ operator, profile }) => [operator, profile?.moniker ?? operator]));
  const nameOf = (operator: string): string => names.get(operator) ?? operator;
  screen.title("Service level: the model as a service, and a provider that fails");
  screen.paragraph(`  terms of the order: answers within ${grouped(sla.maxLatencyMs)} ms in ${sla.minAvailabilityBps / 100} % of the rounds of ${Number(sla.periodMs) / 1_000} s; for a round that misses them ${sla.creditBps / 100} % of what it cost come back, out of the provider's bond`, 2);
  const placed = await gateway.place({
    name: "classify", classId: "cpu.x64.small", quoteDenom: denom, limitPrice, lots: 2n, program: readFileSync(join(import.meta.dirname, "../examples/classify/classify.wasm")),
    arguments: { args: [modelOf(output)] }, requestMeter: 100_000_000n, maxRequestSize: 65_536n, maxResponseSize: 4_096n, sla,
  });
  const view = await gateway.running(placed.id);
  const { id, provider, price } = view.instance!;
  screen.print(`\n${pc.bold(`service ${placed.id}`)}, served by ${nameOf(provider)} for ${grouped(price)} ${denom} a minute`);
  const answer = await gateway.call(view, requestOf(penguins()));
  if (answer.status !== 200) throw new Error(`service ${placed.id} answers ${answer.status}`);
  const labels = labelsOf(output);
  screen.print(`  asked about ${penguins().length} penguins: ${answer.body.filter((label, i) => label === labels[i]).length} in the cluster that k-means put them in; ${grouped(answer.meter)} instructions`);

  const bond = async (): Promise<bigint> => BigInt((await connection.query.providers.provider({ operator: provider })).provider!.bond!.total);
  const before = await bond();
  const machine = options.machine(nameOf(provider));
  const rounds: NamedEvent[] = [];
  let credit: NamedEvent | undefined;
  let stopped = false;
  try {
    for await (const { events } of blockEvents(connection, placed.sent.height, POLL_MS, signal)) {
      const about = events.filter(({ attributes }) => attributes["instance_id"] === String(id));
      rounds.push(...about.filter(({ type }) => type === judged));
      credit = about.find(({ type }) => type === paid) ?? credit;
      screen.moving(`  ${rounds.length === 1 ? "1 round" : `${rounds.length} rounds`} judged${stopped ? `; the machine of ${nameOf(provider)} is stopped` : ""}`);
      if (credit !== undefined) break;
      if (stopped || rounds.length === 0) continue;
      await machine.kill();
      stopped = true;
      screen.still(`  ${pc.yellow(`the machine of ${nameOf(provider)} is stopped`)}: nobody tells the chain`);
    }
    options.signal.throwIfAborted();
    if (credit === undefined) throw new Error(`no credit for service ${placed.id} within ${PATIENCE_MS / 1_000} s; the workers' logs below logs/ may say why`);
    screen.still("");
    screen.table(
      ["round", "probed by", "median answer", "verdict", `paid for it (${denom})`, `credit (${denom})`],
      rounds.map(({ attributes: one }) => [
        one["round"]!, one["reported"]!.split(",").filter((prober) => prober !== "").map(nameOf).join(", ") || "nobody in time", /^\d+$/.test(one["median_latency_ms"]!) ? `${one["median_latency_ms"]} ms` : one["median_latency_ms"]!,
        one["verdict"] === "bad" ? pc.red("bad") : one["verdict"]!, grouped(one["paid"]!), one["missed"] === "true" ? pc.green(grouped(one["credit_due"]!)) : "0",
      ]),
      [0, 4, 5],
    );
    screen.paragraph(`  ${pc.green("SLA credit")}: alice got ${grouped(credit.attributes["amount"]!)} ${denom}, the bond of ${nameOf(provider)} went from ${grouped(before)} to ${grouped(await bond())} ${denom}`, 2);
    await gateway.close(id);
  } finally {
    if (stopped) await machine.start();
  }
  const { escrow } = await connection.query.market.escrow({ jobId: placed.id });
  screen.paragraph(pc.dim(`  the service is closed, ${nameOf(provider)} is back: ${grouped(escrow!.paid)} ${denom} paid for its time, ${grouped(escrow!.fees)} market fee, ${grouped(escrow!.refunded)} refunded`), 2);
}
