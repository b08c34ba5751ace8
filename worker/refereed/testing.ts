/** A program for tests: the sum of the input's bytes, added up `rounds` times over. */

/** Assembly. Output: status ok, exit code 0, the sum as 4 bytes, little-endian. */
export const sumProgram = sumRounds(1);

export function sumRounds(rounds: number): string {
  return `
    .text
      li   t3, ${rounds}
      li   t0, 0
    round:
      li   t1, 0x02000000
      add  t2, t1, a0
    next:
      bgeu t1, t2, done
      lbu  t4, 0(t1)
      add  t0, t0, t4
      addi t1, t1, 1
      j    next
    done:
      addi t3, t3, -1
      bnez t3, round
      li   t1, 0x03000000
      sh   zero, 0(t1)
      sh   t0, 2(t1)
      srli t0, t0, 16
      sh   t0, 4(t1)
      li   a0, 6
      ecall
  `;
}
