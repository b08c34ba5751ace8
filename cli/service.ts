/** dcm service: programs that answer calls, served and paid by the minute. */
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pc from "picocolors";
import { InstanceState, type Service } from "../chain/codec/gen/dcm/market/v1/types.ts";
import type { InstanceView } from "../chain/codec/gen/dcm/market/v1/query.ts";
import type { Connection } from "../client/connection.ts";
import { allPages } from "../client/pages.ts";
import { TxFailed } from "../client/sender.ts";
import { JobFiles } from "../worker/gateway/job-files.ts";
import { callInstance, ServiceGateway } from "../worker/gateway/services.ts";
import { loadService, type ServiceFile } from "../worker/service-file.ts";
import { classNamed } from "./book.ts";
import { listenOf, logTo, offerData } from "./data.ts";
import { bytesOf, CliError, columns, exitCodes, jsonText, print, type Io } from "./io.ts";
import { openNet, reasonOf, type Net, type NetOptions } from "./net.ts";
import { fileOf, readPrice, readTags, shownPlace } from "./order.ts";
import { providerNames } from "./providers.ts";
import { Runs, type Run } from "./runs.ts";
import { grouped, screenOn } from "./screen.ts";
import { stateName } from "./watch.ts";
import { accountOf, signer, type SignOptions } from "./wallet.ts";

export interface ServiceOptions extends SignOptions {
  readonly json?: true | undefined;
}

export interface ServiceRunOptions extends ServiceOptions {
  readonly limit?: string | undefined;
  readonly minutes?: string | undefined;
  readonly instances?: string | undefined;
  readonly organization?: string | undefined;
  readonly tag?: readonly string[] | undefined;
}

const pollMs = 300;
const { INSTANCE_STATE_RUNNING, INSTANCE_STATE_GRACE, INSTANCE_STATE_RECLAIMING, INSTANCE_STATE_CLOSED } = InstanceState;
const answering: readonly InstanceState[] = [INSTANCE_STATE_RUNNING, INSTANCE_STATE_GRACE, INSTANCE_STATE_RECLAIMING];

/** Orders a service and waits until all its instances answer. */
export async function run(io: Io, path: string, options: ServiceRunOptions): Promise<void> {
  const screen = screenOn(io);
  const { service, program } = readService(path, options);
  const net = await openNet(io, options);
  try {
    const { connection } = net;
    const capacity = await classNamed(connection, service.classId);
    const limitPrice = service.limitPrice ?? await limitOf(connection, service, capacity.tick);
    const { sender, account } = await signer(io, net, options);
    const interrupted = io.interrupted();
    const runs = new Runs(io, net.chainId);
    const folder = runs.create(service.name);
    const data = await offerData(net, folder, listenOf(net));
    const gateway = new ServiceGateway({ connection, sender, blobs: data.blobs, dataUrl: data.url, directory: join(folder, "jobs"), pollMs, log: logTo(io) });
    gateway.start();
    try {
      const maximum = limitPrice * service.lots * BigInt(service.instances!);
      runs.write(folder, { kind: "service", title: service.title, path: resolve(path), key: account.name, listen: data.listen, expected: "", maximum: String(maximum) });
      const placed = await gateway.place({ ...service, limitPrice, program }).catch((error: unknown) => {
        if (!(error instanceof TxFailed)) throw error;
        runs.drop(folder);
        throw new CliError(exitCodes.failed, `the chain refused the order: ${error.message}`, `transaction ${error.txHash}`);
      });
      screen.print(`${pc.bold(`service ${placed.id}`)} (${service.title}): the bid is in block ${placed.sent.height}, transaction ${placed.sent.txHash}`);
      screen.paragraph(`  at most ${grouped(limitPrice)} ${service.quoteDenom} a minute for each of ${service.instances} ${service.instances === 1 ? "instance" : "instances"}; set aside ${grouped(placed.escrow)} for ${grouped(service.lots)} ${service.lots === 1n ? "minute" : "minutes"}`, 2);
      const all = await allAnswer(gateway, placed.id, interrupted, (states) => screen.moving(`  ${states}`));
      screen.still("");
      const names = await providerNames(connection);
      print(io, options.json, { service: placed.id, tx_hash: placed.sent.txHash, escrow: placed.escrow, storage_deposit: placed.storageDeposit, instances: all }, instanceTable(all, names, service.quoteDenom));
      io.stderr(`next: dcm service call ${placed.id} --body FILE         asks it\n      dcm service keep ${placed.id}                    stays, tops it up and hands its key on where a provider fails\n      dcm service close ${placed.id}                   ends it, the rest comes back\n`);
    } finally {
      await gateway.stop();
      await data.close();
    }
  } finally {
    net.connection.close();
  }
}

function readService(path: string, options: ServiceRunOptions): { readonly service: ServiceFile; readonly program: Uint8Array } {
  const { folder, file } = fileOf(path, "service");
  const whole = (name: string, text: string): bigint => {
    if (!/^[1-9]\d{0,8}$/.test(text)) throw new CliError(exitCodes.usage, `--${name} ${JSON.stringify(text.slice(0, 40))} is no number`);
    return BigInt(text);
  };
  try {
    const { service, program } = loadService(join(folder, file));
    const { limit, minutes, instances, organization } = options;
    return {
      program,
      service: {
        ...service, ...(limit === undefined ? {} : { limitPrice: readPrice(limit) }), ...(minutes === undefined ? {} : { lots: whole("minutes", minutes) }), ...(instances === undefined ? {} : { instances: Number(whole("instances", instances)) }),
        ...(organization === undefined ? {} : { organization }), costTags: { ...service.costTags, ...readTags(options.tag) },
      },
    };
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(exitCodes.invalid, `${shownPlace(path, file, error)}: ${(error as Error).message}`, "Its fields: examples/service.schema.json.");
  }
}

/** A quarter above the cheapest offers that have enough units. */
async function limitOf({ query }: Connection, { classId, quoteDenom, instances }: ServiceFile, tick: bigint): Promise<bigint> {
  const { asks } = await query.market.book({ classId, quoteDenom, levels: 500 });
  let units = 0n;
  for (const ask of asks) {
    units += ask.units;
    if (units < BigInt(instances!) && ask !== asks.at(-1)) continue;
    return ((ask.price + (ask.price + 3n) / 4n + tick - 1n) / tick) * tick;
  }
  throw new CliError(exitCodes.failed, `nobody offers ${classId} in ${quoteDenom}, so there is no price to go by`, "--limit names the most that you would pay for a minute and waits.");
}

async function allAnswer(gateway: ServiceGateway, id: bigint, signal: AbortSignal, tell: (states: string) => void): Promise<InstanceView[]> {
  for (;;) {
    const all = await gateway.instances(id);
    if (all.every(({ instance }) => answering.includes(instance!.state))) return all;
    if (all.some(({ instance }) => instance!.state === INSTANCE_STATE_CLOSED)) throw new CliError(exitCodes.noResult, `service ${id} was closed before all of it answered`, "dcm service list shows why.");
    if (signal.aborted) throw new CliError(exitCodes.interrupted, `left service ${id} before all of it answered`, `dcm service keep ${id} goes on with it, dcm service close ${id} ends it.`);
    tell(all.map(({ instance }) => `instance ${instance!.index}: ${stateName(InstanceState, instance!.state, "INSTANCE_STATE_")}`).join(", "));
    await sleep(pollMs);
  }
}

export async function list(io: Io, options: ServiceOptions & { readonly live?: true | undefined }): Promise<void> {
  const net = await openNet(io, options);
  try {
    const { address } = accountOf(io, net, options);
    const { market } = net.connection.query;
    const services = (await allPages((pagination) => market.services({ consumer: address, pagination }), (page) => page.services, { reverse: true, most: 1_000 })).filter((one) => options.live !== true || one.endedTau === 0n);
    const names = await providerNames(net.connection);
    const all = await Promise.all(services.map(async (service) => ({ service, instances: await instancesOf(net.connection, service) })));
    print(io, options.json, all, all.length === 0 ? "" : all.map(({ service, instances }) => instanceTable(instances, names, service.quoteDenom)).join("\n\n"));
    if (all.length === 0) io.stderr(`${address} has no ${options.live === true ? "living " : ""}services; dcm service run examples/classify orders one\n`);
  } finally {
    net.connection.close();
  }
}

function instancesOf({ query }: Connection, { id }: Service): Promise<InstanceView[]> {
  return allPages((pagination) => query.market.instances({ serviceId: id, pagination }), (page) => page.instances);
}

function instanceTable(all: readonly InstanceView[], names: ReadonlyMap<string, string>, denom: string): string {
  return columns([["instance", "state", "provider", `${denom} a minute`, "left", "paid for", "paid"], ...all.map(({ instance, balance, runwayMs }) => {
    const { serviceId, index, state, provider, price, paid } = instance!;
    return [`${serviceId}/${index}`, stateName(InstanceState, state, "INSTANCE_STATE_"), names.get(provider) ?? provider, price === 0n ? "" : grouped(price), grouped(balance), state === INSTANCE_STATE_CLOSED ? "" : `${grouped(runwayMs / 1_000n)} s`, grouped(paid === "" ? "0" : paid)];
  })]);
}

/** What `5` or `5/0` names. */
async function named({ query }: Connection, text: string): Promise<{ readonly service: Service; readonly instances: InstanceView[] }> {
  const [, id, index] = /^([1-9]\d{0,17})(?:\/(\d{1,5}))?$/.exec(text) ?? [];
  if (id === undefined) throw new CliError(exitCodes.usage, `${JSON.stringify(text.slice(0, 40))} is no service`, "It is a number such as 5, or 5/0 for its first instance; dcm service list shows yours.");
  const found = await query.market.service({ serviceId: BigInt(id) }).catch((error: unknown) => {
    if (/does not exist or was pruned/.test((error as Error).message)) throw new CliError(exitCodes.notFound, `there is no service ${id}, or not any more`, "dcm service list shows yours.");
    throw error;
  });
  const instances = (await allPages((pagination) => query.market.instances({ serviceId: BigInt(id), pagination }), (page) => page.instances)).filter(({ instance }) => index === undefined || instance!.index === Number(index));
  if (instances.length === 0) throw new CliError(exitCodes.notFound, `service ${id} has no instance ${index}`, "Instances are numbered from 0.");
  return { service: found.service!, instances };
}

/** Where the keys of a service lie. */
function heldBy(io: Io, { chainId }: Net, { id, spec }: Service): Run {
  const found = new Runs(io, chainId).findService(spec!.consumerKey);
  if (found === undefined) throw new CliError(exitCodes.notFound, `the key of service ${id} is not on this machine`, "Calls and keys come from the machine that ordered it.");
  return found;
}

/** Asks an instance. Nothing is signed. */
export async function call(io: Io, which: string, options: NetOptions & { readonly body?: string | undefined; readonly hex?: true | undefined; readonly json?: true | undefined }): Promise<void> {
  const net = await openNet(io, options);
  try {
    const { service, instances } = await named(net.connection, which);
    const view = instances.find(({ instance }) => answering.includes(instance!.state));
    if (view === undefined) throw new CliError(exitCodes.failed, `no instance of service ${service.id} answers now: ${instances.map(({ instance }) => stateName(InstanceState, instance!.state, "INSTANCE_STATE_")).join(", ")}`, `dcm service keep ${service.id} hands its key to a new provider where it needs one.`);
    const keys = new JobFiles(join(heldBy(io, net, service).folder, "jobs")).find(service.id);
    if (keys === undefined) throw new CliError(exitCodes.failed, `service ${service.id} was left before its order was answered`, `dcm service keep ${service.id} goes on with it.`);
    const body = options.body === undefined ? new Uint8Array(0) : bytesOf(io, options.body);
    const answer = await callInstance(net.connection, keys, view, body).catch((error: unknown) => {
      throw new CliError(exitCodes.unreachable, `instance ${which} does not answer: ${reasonOf(error)}`, "dcm service list shows who serves it; a provider that stays silent is reported by probes, where the service has an SLA.");
    });
    if (options.json === true) io.stdout(`${jsonText({ status: answer.status, exit_code: answer.exitCode, meter: answer.meter, body_base64: Buffer.from(answer.body).toString("base64") })}\n`);
    else if (options.hex === true) io.stdout(`${Buffer.from(answer.body).toString("hex")}\n`);
    else io.stdout(answer.body);
    if (answer.status !== 200) throw new CliError(exitCodes.noResult, `the instance answers ${answer.status}: ${Buffer.from(answer.body).toString("utf8").slice(0, 200).trim()}`, "What each status means: worker/README.md, Services.");
    if (answer.exitCode !== 0) throw new CliError(answer.exitCode, `the program ended with ${answer.exitCode}`);
  } finally {
    net.connection.close();
  }
}

export async function topUp(io: Io, which: string, amount: string, options: ServiceOptions & { readonly organization?: string | undefined }): Promise<void> {
  if (!/^[1-9]\d{0,37}$/.test(amount)) throw new CliError(exitCodes.usage, `${JSON.stringify(amount.slice(0, 40))} is no amount`, "It is in whole units of the service's denom, e.g. 100000.");
  await change(io, which, options, (service, id, payer) => ({ typeUrl: "/dcm.market.v1.MsgTopUpService", value: { payer, instanceId: id, amount, organization: options.organization ?? service.organization, costTags: [] } }));
}

export async function close(io: Io, which: string, options: ServiceOptions): Promise<void> {
  await change(io, which, options, (_, id, consumer) => ({ typeUrl: "/dcm.market.v1.MsgCloseService", value: { consumer, instanceId: id } }));
}

/** Sends a message about each instance that lives, and shows them then. */
async function change(io: Io, which: string, options: ServiceOptions, message: (service: Service, instance: bigint, signer: string) => { readonly typeUrl: string; readonly value: object }): Promise<void> {
  const net = await openNet(io, options);
  try {
    const { service, instances } = await named(net.connection, which);
    const live = instances.filter(({ instance }) => instance!.state !== INSTANCE_STATE_CLOSED);
    if (live.length === 0) throw new CliError(exitCodes.failed, `service ${which} is closed already`, "dcm service list shows what it cost.");
    const { sender, account } = await signer(io, net, options);
    await Promise.all(live.map(({ instance }) => sender.send(message(service, instance!.id, account.address)))).catch((error: unknown) => {
      throw error instanceof TxFailed ? new CliError(exitCodes.failed, error.message) : error;
    });
    const now = await named(net.connection, which);
    print(io, options.json, now, instanceTable(now.instances, await providerNames(net.connection), service.quoteDenom));
  } finally {
    net.connection.close();
  }
}

export interface KeepOptions extends ServiceOptions {
  readonly below: string;
  readonly amount?: string | undefined;
}

/** Stays with a service until Ctrl-C or its end: hands its key to providers that need it, serves its program, tops it up. */
export async function keep(io: Io, which: string, options: KeepOptions): Promise<void> {
  if (!/^[1-9]\d{0,8}$/.test(options.below)) throw new CliError(exitCodes.usage, `--below ${JSON.stringify(options.below.slice(0, 40))} is no number of seconds`);
  if (options.amount !== undefined && !/^[1-9]\d{0,37}$/.test(options.amount)) throw new CliError(exitCodes.usage, `--amount ${JSON.stringify(options.amount.slice(0, 40))} is no amount`);
  const net = await openNet(io, options);
  try {
    const { service } = await named(net.connection, which);
    const { note, folder } = heldBy(io, net, service);
    const { sender } = await signer(io, net, { ...options, key: options.key ?? note.key });
    const interrupted = io.interrupted();
    const screen = screenOn(io);
    const data = await offerData(net, folder, note.listen);
    const gateway = new ServiceGateway({ connection: net.connection, sender, blobs: data.blobs, dataUrl: data.url, directory: join(folder, "jobs"), pollMs, log: (message, fields) => screen.print(`${message}: ${Object.entries(fields ?? {}).map(([key, value]) => `${key} ${String(value)}`).join(", ")}`) });
    if (options.amount !== undefined) gateway.keep(service.id, { belowMs: BigInt(options.below) * 1_000n, amount: BigInt(options.amount), ...(service.organization === "" ? {} : { organization: service.organization }) });
    gateway.start();
    try {
      while (!interrupted.aborted) {
        const all = await gateway.instances(service.id);
        screen.moving(`  ${all.map(({ instance, runwayMs }) => `${instance!.serviceId}/${instance!.index} ${stateName(InstanceState, instance!.state, "INSTANCE_STATE_")}, ${grouped(runwayMs / 1_000n)} s paid for`).join("; ")}`);
        if (all.every(({ instance }) => instance!.state === INSTANCE_STATE_CLOSED)) break;
        await sleep(1_000, undefined, { signal: interrupted }).catch(() => undefined);
      }
      screen.still(interrupted.aborted ? `left service ${service.id}, which goes on as long as it is paid for` : `service ${service.id} is over`);
    } finally {
      await gateway.stop();
      await data.close();
    }
  } finally {
    net.connection.close();
  }
}
