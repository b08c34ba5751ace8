/* A few tools of the shell in one module, chosen by the command's first word: what a task of a workflow does with files, arguments, environment and streams. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char line[65536];

static int failed(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  return 1;
}

static int copy(FILE *from, FILE *to) {
  size_t n;
  while ((n = fread(line, 1, sizeof line, from)) > 0)
    if (fwrite(line, 1, n, to) != n) return failed("write");
  return 0;
}

/* cat [FILE ...]: files, or standard input, to standard output. */
static int cat(int argc, char **argv) {
  if (argc == 1) return copy(stdin, stdout);
  for (int i = 1; i < argc; i++) {
    FILE *file = fopen(argv[i], "r");
    if (!file) return failed(argv[i]);
    int code = copy(file, stdout);
    fclose(file);
    if (code) return code;
  }
  return 0;
}

/* split PREFIX: each line of standard input into a file of its own, PREFIX-0.txt and so on. */
static int split(int argc, char **argv) {
  if (argc != 2) return fprintf(stderr, "split PREFIX\n"), 2;
  char name[4096];
  for (int i = 0; fgets(line, sizeof line, stdin); i++) {
    snprintf(name, sizeof name, "%s-%d.txt", argv[1], i);
    FILE *file = fopen(name, "w");
    if (!file || fputs(line, file) < 0 || fclose(file)) return failed(name);
  }
  return 0;
}

/* count FILE ...: bytes and lines of each. */
static int count(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    FILE *file = fopen(argv[i], "r");
    if (!file) return failed(argv[i]);
    long bytes = 0, lines = 0;
    for (int c; (c = fgetc(file)) != EOF; bytes++) lines += c == '\n';
    fclose(file);
    printf("%ld %ld %s\n", bytes, lines, argv[i]);
  }
  return 0;
}

/* list DIRECTORY: what stands in it, in the directory's own order; directories with a slash. */
static int list(int argc, char **argv) {
  const char *path = argc > 1 ? argv[1] : ".";
  DIR *directory = opendir(path);
  if (!directory) return failed(path);
  char full[8192];
  for (struct dirent *entry; (entry = readdir(directory));) {
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    struct stat status;
    snprintf(full, sizeof full, "%s/%s", path, entry->d_name);
    if (stat(full, &status)) return failed(full);
    printf("%s%s %lld\n", entry->d_name, S_ISDIR(status.st_mode) ? "/" : "", (long long)status.st_size);
  }
  closedir(directory);
  return 0;
}

/* env [NAME]: the environment, or one variable of it. */
static int env(int argc, char **argv) {
  extern char **environ;
  if (argc > 1) {
    const char *value = getenv(argv[1]);
    return value ? puts(value) < 0 : 1;
  }
  for (char **one = environ; one && *one; one++) puts(*one);
  return 0;
}

/* copy FROM TO, move FROM TO, remove FILE, make DIRECTORY, append FILE TEXT. */
static int change(int argc, char **argv) {
  const char *what = argv[0];
  if (!strcmp(what, "make") && argc == 2) return mkdir(argv[1], 0777) ? failed(argv[1]) : 0;
  if (!strcmp(what, "remove") && argc == 2) return remove(argv[1]) ? failed(argv[1]) : 0;
  if (argc != 3) return fprintf(stderr, "%s wants two arguments\n", what), 2;
  if (!strcmp(what, "move")) return rename(argv[1], argv[2]) ? failed(argv[1]) : 0;
  FILE *from = strcmp(what, "append") ? fopen(argv[1], "r") : NULL;
  FILE *to = from ? fopen(argv[2], "w") : strcmp(what, "append") ? NULL : fopen(argv[1], "a");
  if (!to) return failed(from ? argv[2] : argv[1]);
  if (from ? copy(from, to) : fputs(argv[2], to) < 0) return failed("write");
  return fclose(to) ? failed("close") : 0;
}

/* fail CODE TEXT: says TEXT on standard error and ends with CODE. */
static int fail(int argc, char **argv) {
  if (argc > 2) fprintf(stderr, "%s\n", argv[2]);
  return argc > 1 ? atoi(argv[1]) : 1;
}

/* burn MILLIONS: loops that often, for those who want to see something run. */
static int burn(int argc, char **argv) {
  volatile unsigned long sum = 0;
  for (unsigned long i = 0, end = argc > 1 ? strtoul(argv[1], NULL, 10) * 1000000ul : 0; i < end; i++) sum += i;
  return 0;
}

int main(int argc, char **argv) {
  const struct { const char *name; int (*run)(int, char **); } tools[] = {
    {"cat", cat}, {"split", split}, {"count", count}, {"list", list}, {"env", env}, {"copy", change}, {"move", change}, {"remove", change}, {"make", change}, {"append", change}, {"fail", fail}, {"burn", burn},
  };
  const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
  const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "";
  for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
    if (!strcmp(name, tools[i].name)) return tools[i].run(argc, argv);
  fprintf(stderr, "%s: no such tool\n", name);
  return 127;
}
