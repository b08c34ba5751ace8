/** The thread of one trace: a party's run, and answers about it, one question at a time. */
import { parentPort, workerData } from "node:worker_threads";
import type { Range } from "../../chain/vm/bisection.ts";
import { Interpreter, type Engine } from "../../chain/vm/interpreter.ts";
import { outputAt } from "../../chain/vm/layout.ts";
import { Halt } from "../../chain/vm/machine.ts";
import { Party, type Task } from "../../chain/vm/party.ts";
import type { Answer, Question } from "./trace.ts";

interface Given {
  readonly task: Task;
  readonly lie: boolean;
}

/** A run that ends with another first byte of its output: consistent in itself, and wrong in one transition. */
function lying(rom: Uint8Array): Engine {
  const honest = new Interpreter(rom);
  return {
    run(machine, ram, meterLimit, transitions) {
      const running = machine.halt === Halt.running;
      honest.run(machine, ram, meterLimit, transitions);
      if (running && machine.halt !== Halt.running) ram.write(outputAt, Uint8Array.of(ram.bytes[outputAt]! ^ 1));
    },
  };
}

const { task, lie } = workerData as Given;
const party = new Party(task, lie ? { engine: lying(task.program.rom) } : {});

/** Disputes of one task begin with the same range: what took a minute once is not done for each. 128 hashes a range. */
const known = new Map<string, readonly Uint8Array[]>();
const mostKnown = 256;

function hashesOf(range: Range): readonly Uint8Array[] {
  const key = `${range.low} ${range.length}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const hashes = [...party.innerHashes(range), party.hashAfter(range.low + range.length)];
  if (known.size >= mostKnown) known.delete(known.keys().next().value!);
  known.set(key, hashes);
  return hashes;
}

function answer(question: Question): Answer {
  switch (question.kind) {
    case "outcome":
      return { kind: "outcome", outcome: party.outcome(question.maxResultSize) };
    case "hashes":
      return { kind: "hashes", hashes: hashesOf(question.range) };
    case "proof":
      return { kind: "proof", proof: party.prove(question.range) };
  }
}

parentPort!.on("message", (question: Question) => parentPort!.postMessage(answer(question)));
