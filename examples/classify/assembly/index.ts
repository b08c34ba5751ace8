// Nearest centroid. Argument 0: the model in hexadecimal: k, dims (u32, little-endian), k x dims f64. Input: rows of dims f64. Output: a byte for each row, the nearest centroid's number.
@external("dcm", "input_size") declare function inputSize(): i32;
@external("dcm", "input_read") declare function inputRead(to: usize, offset: i32, length: i32): i32;
@external("dcm", "output_write") declare function outputWrite(from: usize, length: i32): void;
@external("dcm", "arg_size") declare function argSize(index: i32): i32;
@external("dcm", "arg_read") declare function argRead(index: i32, to: usize): i32;

function digit(code: u8): u8 {
  return code >= 0x61 ? code - 0x61 + 10 : code - 0x30;
}

export function run(): void {
  const text = heap.alloc(<usize>argSize(0));
  argRead(0, text);
  const length = argSize(0) >> 1;
  const model = heap.alloc(<usize>length);
  for (let i = 0; i < length; i++) store<u8>(model + i, (digit(load<u8>(text + 2 * i)) << 4) | digit(load<u8>(text + 2 * i + 1)));
  const k = load<u32>(model), dims = load<u32>(model, 4);
  const centroids = model + 8;
  const size = inputSize();
  const rows = heap.alloc(<usize>size);
  inputRead(rows, 0, size);
  const n = <u32>size / (dims * 8);
  const labels = heap.alloc(<usize>n);
  for (let i: u32 = 0; i < n; i++) {
    let best: u32 = 0;
    let least: f64 = Infinity;
    for (let c: u32 = 0; c < k; c++) {
      let sum: f64 = 0;
      for (let d: u32 = 0; d < dims; d++) {
        const x = load<f64>(rows + <usize>((i * dims + d) * 8)) - load<f64>(centroids + <usize>((c * dims + d) * 8));
        sum += x * x;
      }
      if (sum < least) {
        least = sum;
        best = c;
      }
    }
    store<u8>(labels + i, <u8>best);
  }
  outputWrite(labels, <i32>n);
}
