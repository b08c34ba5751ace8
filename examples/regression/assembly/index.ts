// Linear least squares. map: adds up the normal equations over its rows. reduce: adds the sums of all tasks and solves.
@external("dcm", "input_size") declare function inputSize(): i32;
@external("dcm", "input_read") declare function inputRead(to: usize, offset: i32, length: i32): i32;
@external("dcm", "output_write") declare function outputWrite(from: usize, length: i32): void;
@external("dcm", "arg_read") declare function argRead(index: i32, to: usize): i32;

// input of map: rows u32, p u32, then rows x (p + 1) f64: the features, then the target
// sums: rows f64, p f64, X'X p x p, X'y p, y'y, sum of y
function sumsLength(p: i32): i32 {
  return 2 + p * p + p + 2;
}

function map(input: usize): void {
  const rows = load<i32>(input), p = load<i32>(input, 4);
  const sums = new StaticArray<f64>(sumsLength(p));
  sums[0] = <f64>rows;
  sums[1] = <f64>p;
  const xy = 2 + p * p, yy = xy + p;
  for (let r = 0; r < rows; r++) {
    const row = input + 8 + <usize>(r * (p + 1) * 8);
    const y = load<f64>(row + <usize>(p * 8));
    for (let i = 0; i < p; i++) {
      const x = load<f64>(row + <usize>(i * 8));
      for (let j = 0; j < p; j++) sums[2 + i * p + j] += x * load<f64>(row + <usize>(j * 8));
      sums[xy + i] += x * y;
    }
    sums[yy] += y * y;
    sums[yy + 1] += y;
  }
  outputWrite(changetype<usize>(sums), sums.length * 8);
}

// Solves a x = b in place by elimination with partial pivoting; x replaces b.
function solve(a: StaticArray<f64>, b: StaticArray<f64>, p: i32): void {
  for (let c = 0; c < p; c++) {
    let pivot = c;
    for (let r = c + 1; r < p; r++) if (Math.abs(a[r * p + c]) > Math.abs(a[pivot * p + c])) pivot = r;
    assert(a[pivot * p + c] != 0, "the features depend on each other");
    for (let j = 0; j < p; j++) {
      const held = a[c * p + j];
      a[c * p + j] = a[pivot * p + j];
      a[pivot * p + j] = held;
    }
    const held = b[c];
    b[c] = b[pivot];
    b[pivot] = held;
    for (let r = c + 1; r < p; r++) {
      const factor = a[r * p + c] / a[c * p + c];
      for (let j = c; j < p; j++) a[r * p + j] -= factor * a[c * p + j];
      b[r] -= factor * b[c];
    }
  }
  for (let r = p - 1; r >= 0; r--) {
    for (let j = r + 1; j < p; j++) b[r] -= a[r * p + j] * b[j];
    b[r] /= a[r * p + r];
  }
}

// Output: rows, R squared, root of the mean squared residual, then the p coefficients, f64 each.
function reduce(input: usize): void {
  const count = load<i32>(input);
  const p = <i32>load<f64>(input + 8 + 8);
  const total = new StaticArray<f64>(sumsLength(p));
  let at = input + 4;
  for (let t = 0; t < count; t++) {
    for (let i = 0; i < total.length; i++) total[i] += load<f64>(at + 4 + <usize>(i * 8));
    at += 4 + <usize>load<u32>(at);
  }
  const xy = 2 + p * p, yy = xy + p;
  const a = new StaticArray<f64>(p * p);
  const b = new StaticArray<f64>(p);
  for (let i = 0; i < p * p; i++) a[i] = total[2 + i];
  for (let i = 0; i < p; i++) b[i] = total[xy + i];
  solve(a, b, p);
  // y'y - b'X'y is the sum of squared residuals at the solution.
  let explained: f64 = 0;
  for (let i = 0; i < p; i++) explained += b[i] * total[xy + i];
  const rows = total[0];
  const residual = total[yy] - explained;
  const spread = total[yy] - (total[yy + 1] * total[yy + 1]) / rows;
  const out = new StaticArray<f64>(3 + p);
  out[0] = rows;
  out[1] = 1 - residual / spread;
  out[2] = Math.sqrt(residual / rows);
  for (let i = 0; i < p; i++) out[3 + i] = b[i];
  outputWrite(changetype<usize>(out), out.length * 8);
}

export function run(): void {
  const size = inputSize();
  const input = heap.alloc(<usize>size);
  inputRead(input, 0, size);
  const kind = heap.alloc(16);
  argRead(0, kind);
  if (load<u8>(kind) == 0x6d) map(input);
  else reduce(input);
}
