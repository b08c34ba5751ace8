// Imports of the modules "dcm" and "env".
import { argumentAt, argumentCount, argumentLength } from "./arguments";
import { copy } from "./copy";
import { INPUT, inputSize, inside, trap } from "./machine";
import { emit, finish } from "./result";

export function dcm_input_size(): u32 {
  return inputSize();
}

export function dcm_input_read(to: u32, offset: u32, length: u32): u32 {
  const size = inputSize();
  const rest = offset < size ? size - offset : 0;
  const bytes = length < rest ? length : rest;
  if (!inside(to, bytes)) trap();
  copy(to, INPUT + offset, bytes);
  return bytes;
}

export function dcm_output_write(from: u32, length: u32): void {
  if (!inside(from, length)) trap();
  emit(from, length);
}

export function dcm_log_write(from: u32, length: u32): void {
  if (!inside(from, length)) trap();
}

export function dcm_args_count(): u32 {
  return argumentCount;
}

export function dcm_arg_size(index: u32): u32 {
  if (index >= argumentCount) trap();
  return argumentLength(index);
}

export function dcm_arg_read(index: u32, to: u32): u32 {
  if (index >= argumentCount) trap();
  const bytes = argumentLength(index);
  if (!inside(to, bytes)) trap();
  copy(to, argumentAt(index), bytes);
  return bytes;
}

export function dcm_exit(code: i32): void {
  finish(code);
}

export function env_abort(_message: u32, _file: u32, _line: u32, _column: u32): void {
  trap();
}
