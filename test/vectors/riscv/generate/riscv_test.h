// What the suite asks of its environment, on the refereed machine: a test ends with a0 = 0 where it passed, else with the failed case's number.
#define RVTEST_RV32U
#define RVTEST_CODE_BEGIN .section .text.init; .globl _start; _start:
#define RVTEST_CODE_END unimp
#define RVTEST_PASS li a0, 0; ecall
#define RVTEST_FAIL mv a0, gp; ecall
#define TESTNUM gp
#define RVTEST_DATA_BEGIN
#define RVTEST_DATA_END
#define EXTRA_DATA
