/** The errors of codespace `market`. Each says field, value and limit, and where it helps what to do next. */
import { defineErrors } from "../../runtime/errors.ts";

interface Field {
  readonly field: string;
  readonly value: string | bigint | number;
  readonly limit: string;
}

export const errors = defineErrors("market", {
  invalidField: [2, ({ field, value, limit }: Field) => `${field} is ${String(value).slice(0, 120)}; it must be ${limit}`],
  notServed: [3, ({ field, value }: { field: string; value: string }) => `${field} ${value.slice(0, 120)} is not served yet`],
  unknownClass: [4, ({ classId }: { classId: string }) => `there is no capacity class ${classId.slice(0, 80)}; query Classes lists them`],
  classClosed: [5, ({ classId }: { classId: string }) => `capacity class ${classId} takes no new orders`],
  wrongDenom: [6, ({ denom, expected }: { denom: string; expected: string }) => `quote_denom is ${denom.slice(0, 128)}; prices are quoted in the bond denom ${expected} or in what query QuoteDenoms lists`],
  notProvider: [7, ({ address }: { address: string }) => `${address} is not an active provider; register, bond and send heartbeats first`],
  bondTooSmall: [8, ({ needed, free }: { needed: bigint; free: bigint }) => `the ask sets ${needed} of bond aside, ${free} is free; bond more or offer fewer units`],
  unknownAsk: [9, ({ id }: { id: bigint }) => `there is no ask ${id}`],
  unknownJob: [10, ({ id }: { id: bigint }) => `there is no job ${id}`],
  unknownTask: [11, ({ id }: { id: bigint }) => `there is no task ${id} with a replica`],
  notYours: [12, ({ what, owner, signer }: { what: string; owner: string; signer: string }) =>
    owner === signer ? `${what} spends the money of an organization that does not allow it to ${signer} any more` : `${what} belongs to ${owner}, not to ${signer}`],
  notOpen: [13, ({ what, status }: { what: string; status: string }) => `${what} is ${status}: it is out of the book already`],
  notAssigned: [14, ({ task, provider }: { task: bigint; provider: string }) => `task ${task} has no live replica of ${provider}`],
  wrongState: [15, ({ task, state, needed }: { task: bigint; state: string; needed: string }) => `the replica of task ${task} is ${state}; this needs ${needed}`],
  notRevealing: [16, ({ task, state }: { task: bigint; state: string }) => `task ${task} is ${state}: not every replica has committed, so nothing may be revealed yet`],
  wrongCommitment: [17, ({ task }: { task: bigint }) => `result and salt do not hash to the commitment of task ${task}; see MsgCommitResult for its form`],
  wrongSalt: [18, ({ job }: { job: bigint }) => `salt does not hash to the salt_head of job ${job}; query Job shows the head`],
  noDraws: [19, ({ job }: { job: bigint }) => `job ${job} has no draw that waits for a salt and whose seed is known; keep the salt`],
  alreadySealed: [20, ({ job, provider }: { job: bigint; provider: string }) => `the key of job ${job} is sealed to ${provider} already`],
  nothingToSeal: [21, ({ job, provider }: { job: bigint; provider: string }) => `${provider} has no replica in job ${job} that waits for a key`],
  notWorker: [22, ({ worker, provider }: { worker: string; provider: string }) => `${worker} may not act for ${provider}; sign with the provider's account, or send MsgExecSession with one of its session keys`],
  tooManyOrders: [23, ({ owner, limit }: { owner: string; limit: number }) => `${owner} has ${limit} asks, the most there may be; cancel one or let it be pruned`],
  invalidParams: [24, ({ field, value, low, high }: { field: string; value: string; low: string; high: string }) => `${field} is ${value}; it must be from ${low} to ${high}`],
  classFixed: [25, ({ field }: { field: string }) => `${field} of a class never changes; make a new class`],
  unknownProfile: [27, ({ id, classId, denom }: { id: number; classId: string; denom: string }) => `book ${classId.slice(0, 64)}/${denom.slice(0, 128)} has no profile ${id} that is ready; query Profiles lists them, MsgRegisterProfile makes one`],
  profileExists: [28, ({ id }: { id: number }) => `the book has that profile already: use profile_id ${id}`],
  tooManyProfiles: [29, ({ limit }: { limit: number }) => `the book has ${limit} profiles, the most there may be; use one of them, or retire one that is idle`],
  profileInUse: [30, ({ id, jobs }: { id: number; jobs: bigint }) => `${jobs} jobs that have not ended use profile ${id}`],
  profileNotIdle: [31, ({ id, idleTau }: { id: number; idleTau: bigint }) => `profile ${id} may be retired by others than its registrant only when it was idle beyond tau ${idleTau}`],
  notDeclared: [32, ({ key, value }: { key: string; value: string }) => `premiums: the provider does not declare ${key}=${value}; MsgEditProvider adds it to its profile`],
  alreadyMatched: [33, ({ id }: { id: bigint }) => `bid ${id} has tasks that are matched; only one without them can be replaced`],
  stagedOrder: [40, ({ what, stages }: { what: string; stages: number }) => `${what} cannot be had with ${stages} stages: later ones are not in the book yet; use GTT without min_colocated`],
  unknownStage: [41, ({ job, stage, stages }: { job: bigint; stage: number; stages: number }) => `job ${job} has no stage ${stage}; it has ${stages}, numbered from 0`],
  noInputsAwaited: [42, ({ job, stage, state }: { job: bigint; stage: number; state: string }) => `stage ${stage} of job ${job} is ${state}; inputs count while it is in state inputs, until its inputs_due_tau`],
  jobNeedsWork: [60, ({ classId }: { classId: string }) => `class ${classId} is metered by time and serves services only; bid with MsgPlaceServiceBid, or for a class metered by work`],
  serviceNeedsTime: [61, ({ classId }: { classId: string }) => `class ${classId} is metered by work and serves jobs only; bid with MsgPlaceBid, or for a class metered by time`],
  unknownInstance: [62, ({ id }: { id: bigint }) => `there is no instance ${id} that was matched`],
  notServing: [63, ({ id, state }: { id: bigint; state: string }) => `instance ${id} is ${state}: no provider has it now`],
  wrongInstanceState: [64, ({ id, state, needed }: { id: bigint; state: string; needed: string }) => `instance ${id} is ${state}; this needs ${needed}`],
  notProviderOf: [65, ({ id, provider }: { id: bigint; provider: string }) => `${provider} does not have instance ${id}`],
  tooManyDeposits: [66, ({ id, limit }: { id: bigint; limit: number }) => `instance ${id} has ${limit} deposits, the most that are kept apart; only those who paid already can add to theirs`],
  lotsBelowNotice: [67, ({ lots, least, notice }: { lots: bigint; least: bigint; notice: bigint }) => `lots is ${lots}; a notice of ${notice} ms takes at least ${least}: prefund them, or ask for a shorter notice`],
  termsNeedTime: [68, ({ field, value, classId }: { field: string; value: string; classId: string }) => `${field} is ${value}; class ${classId} is metered by work and what it serves cannot be reclaimed: leave it out`],
  windowNeedsWork: [69, ({ until, classId }: { until: bigint; classId: string }) => `available_until is ${until}; a service of class ${classId} has no declared end: leave it out, and reclaim with notice`],
  cancelPending: [26, ({ what }: { what: string }) => `${what} is being cancelled already`],
  durationTooShort: [35, ({ duration, lots, least, classId }: { duration: bigint; lots: bigint; least: bigint; classId: string }) =>
    `job.duration is ${duration}; ${lots} lots of ${classId} take up to ${least} ms on a conforming host: declare at least that, or fewer lots for each task`],
  denomClosed: [50, ({ denom }: { denom: string }) => `quote denom ${denom} takes no new orders`],
  bondDenomFixed: [51, ({ denom }: { denom: string }) => `${denom} is the bond denom: books quote in it always, one for one`],
  tooManyDenoms: [52, ({ limit }: { limit: number }) => `there are ${limit} quote denoms, the most there may be; close one that is not needed and use the others`],
  notReserved: [80, ({ id, reservedFor, consumer }: { id: bigint; reservedFor: string; consumer: string }) =>
    `ask ${id} is ${reservedFor === "" ? "in the book for all: leave ask_id out" : `reserved for ${reservedFor}`}; ${consumer} cannot name it`],
  belowPrice: [81, ({ id, limit, price }: { id: bigint; limit: bigint; price: bigint }) => `limit_price is ${limit}; ask ${id} takes ${price}`],
  unknownRequest: [82, ({ id }: { id: bigint }) => `there is no request for quotes ${id}, or it takes none any more`],
  ownRequest: [83, ({ id }: { id: bigint }) => `request ${id} is the provider's own`],
  tooManyQuotes: [84, ({ id, limit }: { id: bigint; limit: number }) => `request ${id} has ${limit} quotes, the most there may be`],
  alreadyQuoted: [85, ({ id, ask }: { id: bigint; ask: bigint }) => `request ${id} has a quote of the provider already: ask ${ask}; cancel it first`],
  fixedPrice: [86, ({ what }: { what: string }) => `${what} is agreed between two; its price cannot be replaced`],
  beyondAllotment: [87, ({ id, lots, left }: { id: bigint; lots: bigint; left: bigint }) => `the tasks of the job take up to ${lots} lots; ask ${id} has ${left} left`],
  notAdmitted: [88, ({ provider, organization, rule }: { provider: string; organization: string; rule: string }) => `${provider} cannot serve ${organization}: ${rule}`],
  slaOutOfBounds: [90, ({ field, value, low, high }: { field: string; value: bigint | number; low: bigint | number; high: bigint | number }) => `sla.${field} is ${value}; it must be from ${low} to ${high}`],
  unknownRound: [91, ({ id, round, current }: { id: bigint; round: bigint; current: bigint | undefined }) =>
    `instance ${id} is not in probe round ${round}; ${current === undefined ? "it has no SLA, or is not served" : `its round is ${current}`}`],
  notProber: [92, ({ id, round, prober }: { id: bigint; round: bigint; prober: string }) => `${prober} was not drawn for round ${round} of instance ${id}; query Probes lists what it was drawn for`],
  reportedAlready: [93, ({ id, round, prober }: { id: bigint; round: bigint; prober: string }) => `${prober} has reported on round ${round} of instance ${id} already`],
  reportLate: [94, ({ id, round, due, tau }: { id: bigint; round: bigint; due: bigint; tau: bigint }) => `reports on round ${round} of instance ${id} counted up to tau ${due}; it is ${tau}`],
  noHold: [100, ({ what }: { what: string }) => `nothing is held of ${what}: the order has no acceptance, it is not final or has earned nothing, or the pay went its way already`],
  disputed: [101, ({ what, caseId }: { what: string; caseId: bigint }) => `what is held of ${what} waits for case ${caseId}`],
  gathering: [102, ({ id, period, until, tau }: { id: bigint; period: bigint; until: bigint; tau: bigint }) =>
    `period ${period} of instance ${id} lasts until tau ${until}, it is ${tau}: wait for its end, or close the service`],
  shortAcceptance: [103, ({ id, window, longest }: { id: bigint; window: bigint; longest: bigint }) => `acceptance.window is ${window}; ask ${id} takes windows of at most ${longest} ms${longest === 0n ? ": it serves only bids that pay at once" : ""}`],
  invalidFinal: [120, ({ task, fault }: { task: bigint; fault: string }) => `result.final of task ${task} is not the end of a run: ${fault}; reveal the state that the machine halted with, as it was committed`],
} as const);
