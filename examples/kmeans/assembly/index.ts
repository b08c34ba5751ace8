// k-means from many random starts. map: input is the data and a range of seeds; output is the best clustering found. reduce: picks the best of all.
@external("dcm", "input_size") declare function inputSize(): i32;
@external("dcm", "input_read") declare function inputRead(to: usize, offset: i32, length: i32): i32;
@external("dcm", "output_write") declare function outputWrite(from: usize, length: i32): void;
@external("dcm", "arg_read") declare function argRead(index: i32, to: usize): i32;

// input of map: n, dims, k, first seed, starts (u32 each, little-endian), padding (u32), n x dims f64
const HEADER: usize = 24;
// result: inertia f64, seed u32, iterations u32, n u32, k u32, dims u32, padding u32, k x dims f64, n bytes
const RESULT: usize = 32;
const MAX_ITERATIONS: u32 = 200;

let random: u32 = 0;
function next(): u32 {
  random ^= random << 13;
  random ^= random >> 17;
  random ^= random << 5;
  return random;
}

function distance(a: usize, b: usize, dims: u32): f64 {
  let sum: f64 = 0;
  for (let d: u32 = 0; d < dims; d++) {
    const x = load<f64>(a + ((<usize>d) << 3)) - load<f64>(b + ((<usize>d) << 3));
    sum += x * x;
  }
  return sum;
}

// Chooses k different rows as first centroids.
function choose(data: usize, n: u32, dims: u32, k: u32, centroids: usize, chosen: usize): void {
  for (let c: u32 = 0; c < k; c++) {
    let row: u32 = 0;
    for (let again = true; again; ) {
      row = next() % n;
      again = false;
      for (let other: u32 = 0; other < c; other++) if (load<u32>(chosen + ((<usize>other) << 2)) == row) again = true;
    }
    store<u32>(chosen + ((<usize>c) << 2), row);
    memory.copy(centroids + <usize>(c * dims * 8), data + <usize>(row * dims * 8), <usize>(dims * 8));
  }
}

// Assigns every row to its nearest centroid; gives whether any moved.
function assign(data: usize, n: u32, dims: u32, k: u32, centroids: usize, labels: usize): bool {
  let moved = false;
  for (let i: u32 = 0; i < n; i++) {
    let best: u32 = 0;
    let least = distance(data + <usize>(i * dims * 8), centroids, dims);
    for (let c: u32 = 1; c < k; c++) {
      const far = distance(data + <usize>(i * dims * 8), centroids + <usize>(c * dims * 8), dims);
      if (far < least) {
        least = far;
        best = c;
      }
    }
    if (load<u8>(labels + i) != best) moved = true;
    store<u8>(labels + i, <u8>best);
  }
  return moved;
}

// Moves every centroid to the mean of its rows; one without rows stays.
function update(data: usize, n: u32, dims: u32, k: u32, centroids: usize, labels: usize): void {
  for (let c: u32 = 0; c < k; c++) {
    for (let d: u32 = 0; d < dims; d++) {
      let sum: f64 = 0;
      let count: u32 = 0;
      for (let i: u32 = 0; i < n; i++) {
        if (load<u8>(labels + i) != c) continue;
        sum += load<f64>(data + <usize>((i * dims + d) * 8));
        count += 1;
      }
      if (count > 0) store<f64>(centroids + <usize>((c * dims + d) * 8), sum / <f64>count);
    }
  }
}

function map(input: usize): void {
  const n = load<u32>(input), dims = load<u32>(input, 4), k = load<u32>(input, 8), first = load<u32>(input, 12), starts = load<u32>(input, 16);
  const data = input + HEADER;
  const size = RESULT + <usize>(k * dims * 8 + n);
  const best = heap.alloc(size);
  const trial = heap.alloc(size);
  const chosen = heap.alloc(<usize>(k * 4));
  store<f64>(best, Infinity);
  for (let s: u32 = 0; s < starts; s++) {
    random = (first + s) * 2654435761 + 1;
    if (random == 0) random = 1;
    const centroids = trial + RESULT;
    const labels = centroids + <usize>(k * dims * 8);
    memory.fill(labels, 255, n);
    choose(data, n, dims, k, centroids, chosen);
    let iterations: u32 = 0;
    while (iterations < MAX_ITERATIONS && assign(data, n, dims, k, centroids, labels)) {
      update(data, n, dims, k, centroids, labels);
      iterations += 1;
    }
    let inertia: f64 = 0;
    for (let i: u32 = 0; i < n; i++) inertia += distance(data + <usize>(i * dims * 8), centroids + <usize>(load<u8>(labels + i) * dims * 8), dims);
    store<f64>(trial, inertia);
    store<u32>(trial, first + s, 8);
    store<u32>(trial, iterations, 12);
    store<u32>(trial, n, 16);
    store<u32>(trial, k, 20);
    store<u32>(trial, dims, 24);
    store<u32>(trial, 0, 28);
    if (inertia < load<f64>(best)) memory.copy(best, trial, size);
  }
  outputWrite(best, <i32>size);
}

// Input: count u32, then each result behind its length u32. Ties go to the earlier task.
function reduce(input: usize): void {
  const count = load<u32>(input);
  let at = input + 4;
  let best: usize = 0;
  let length: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const size = load<u32>(at);
    if (best == 0 || load<f64>(at + 4) < load<f64>(best)) {
      best = at + 4;
      length = size;
    }
    at += 4 + <usize>size;
  }
  outputWrite(best, <i32>length);
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
