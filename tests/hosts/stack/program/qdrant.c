/* The stand-in as a program of the official image's kind: compiled, dynamically linked, needing libunwind as the real one does.
 *
 * The stand-in itself is one file that Python made and that finds itself by its own path. It is carried in this program, written to the
 * temporary folder and run with the very loader and libraries that this program was started with. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

__asm__(".section .rodata\n.balign 16\nstandin:\n.incbin \"" STANDIN "\"\nstandin_end:\n.byte 0\n.previous\n");
extern const char standin[], standin_end[];

/* Of libunwind-ptrace, whose header is not needed for two functions. */
void *_UPT_create(pid_t);
void _UPT_destroy(void *);

enum { MOST = 256 };

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* Everything on the kernel's command line before our own words: a loader and its options, when one started us. */
static int loader_words(int own, char **words) {
  static char line[1 << 16];
  FILE *file = fopen("/proc/self/cmdline", "r");
  size_t length = file ? fread(line, 1, sizeof line - 1, file) : 0;
  int total = 0, at = 0;
  for (size_t index = 0; index < length; index++) total += line[index] == 0;
  for (char *word = line; at < total - own && at < MOST; word += strlen(word) + 1) words[at++] = word;
  if (file) fclose(file);
  return at;
}

static void unpack(const char *folder, const char *path) {
  char beside[600];
  struct stat there;
  size_t size = (size_t)(standin_end - standin);
  if (mkdir(folder, 0700) == -1 && (lstat(folder, &there) || there.st_uid != geteuid() || !S_ISDIR(there.st_mode))) fail(folder);
  if (stat(path, &there) == 0 && (size_t)there.st_size == size) return;
  snprintf(beside, sizeof beside, "%s.%d", path, (int)getpid());
  FILE *file = fopen(beside, "w");
  if (!file || fwrite(standin, 1, size, file) != size || fclose(file) || chmod(beside, 0700) || rename(beside, path)) fail(beside);
}

int main(int argc, char **argv) {
  char folder[256], path[300], *words[MOST + 64];
  void *unwinding = _UPT_create(getpid()); /* libunwind is used, not only named */
  if (!unwinding || argc > 60) return 1;
  _UPT_destroy(unwinding);
  const char *temporary = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/qdrant-%u-" KEY, temporary ? temporary : "/tmp", (unsigned)geteuid());
  snprintf(path, sizeof path, "%s/qdrant", folder);
  unpack(folder, path);
  int count = loader_words(argc, words);
  for (int at = 1; at < count; at++) /* the stand-in starts itself once more, and its loader then knows the libraries only by this */
    if (strcmp(words[at - 1], "--library-path") == 0) setenv("LD_LIBRARY_PATH", words[at], 1);
  words[count++] = path;
  for (int at = 1; at < argc; at++) words[count++] = argv[at];
  words[count] = NULL;
  execv(words[0], words);
  fail(words[0]);
}
