/** The state before the first transition, made of roots alone: what the chain and every party derive alike. */
import { argumentsBytes, argumentsDepth, regionBytes, regionDepth } from "./layout.ts";
import { newMachine, type Machine } from "./machine.ts";
import { argumentsRoot, nodeHash, zeroRoot } from "./merkle.ts";
import { stateHash } from "./state-hash.ts";

export interface InitialParts {
  /** The region roots of the program's data and of the input. */
  readonly dataRoot: Uint8Array;
  readonly inputRoot: Uint8Array;
  /** Of the input, in bytes: at most 16 MiB. */
  readonly inputSize: number;
  /** As they stand on chain: at most 64 KiB. */
  readonly arguments: Uint8Array;
  /** The task's place among those that share program, arguments and inputs; a uint32. */
  readonly taskIndex: number;
}

export interface InitialState {
  readonly machine: Machine;
  readonly ramRoot: Uint8Array;
  readonly hash: Uint8Array;
}

/** The registers that a program starts with: a0 input size, a1 size of the arguments, a2 index. Throws a RangeError where a number does not fit. */
export function initialMachine({ inputSize, argumentsSize, taskIndex }: { readonly inputSize: number; readonly argumentsSize: number; readonly taskIndex: number }): Machine {
  within("input size", inputSize, regionBytes);
  within("size of the arguments", argumentsSize, argumentsBytes);
  within("task index", taskIndex, 2 ** 32 - 1);
  const machine = newMachine();
  machine.registers.set([inputSize, argumentsSize, taskIndex], 10);
  return machine;
}

function within(name: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 0 || value > most) throw new RangeError(`${name} ${value} is not within 0 to ${most}`);
}

/** At most 530 hashes. Throws a RangeError where arguments or a number do not fit. */
export function initialState(parts: InitialParts): InitialState {
  const machine = initialMachine({ inputSize: parts.inputSize, argumentsSize: parts.arguments.length, taskIndex: parts.taskIndex });
  // The arguments are the last 64 KiB of the second quarter.
  let second = argumentsRoot(parts.arguments);
  for (let depth = argumentsDepth; depth < regionDepth; depth++) second = nodeHash(zeroRoot(depth), second);
  const ramRoot = nodeHash(nodeHash(parts.dataRoot, second), nodeHash(parts.inputRoot, zeroRoot(regionDepth)));
  return { machine, ramRoot, hash: stateHash(machine, ramRoot) };
}
