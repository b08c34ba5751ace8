/* Delays of flights by hour of departure. map: text rows "hour delay" in, text rows "hour flights late total" out. reduce: adds those rows up. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static long flights[24], late[24], total[24];

static int map(void) {
  int hour, delay;
  while (scanf("%d %d", &hour, &delay) == 2) {
    if (hour < 0 || hour > 23) return fprintf(stderr, "hour %d is not within 0 and 23\n", hour), 2;
    flights[hour] += 1;
    late[hour] += delay > 15;
    total[hour] += delay;
  }
  return 0;
}

static uint32_t number(void) {
  unsigned char b[4] = {0};
  if (fread(b, 1, 4, stdin) != 4) return 0;
  return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* Input: count, then each task's output behind its length (32 bits, little-endian). */
static int reduce(void) {
  static char text[65536];
  for (uint32_t count = number(); count > 0; count--) {
    uint32_t length = number();
    if (length >= sizeof text || fread(text, 1, length, stdin) != length) return fprintf(stderr, "a partial result is cut or too long\n"), 2;
    text[length] = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
      int hour;
      long n, l, t;
      if (sscanf(line, "%d %ld %ld %ld", &hour, &n, &l, &t) != 4 || hour < 0 || hour > 23) return fprintf(stderr, "not a row: %s\n", line), 2;
      flights[hour] += n;
      late[hour] += l;
      total[hour] += t;
    }
  }
  return 0;
}

int main(int argc, char **argv) {
  int failed = argc > 1 && strcmp(argv[1], "reduce") == 0 ? reduce() : map();
  if (failed) return failed;
  for (int hour = 0; hour < 24; hour++)
    if (flights[hour] > 0) printf("%d %ld %ld %ld\n", hour, flights[hour], late[hour], total[hour]);
  return 0;
}
