/* Records what a process does to the files of the folder in POWER_FOLDER, into the file POWER_LOG:
   a line `operation path offset length` and, for a write, the bytes. Loaded by LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int in_folder(const char *path) {
  const char *folder = getenv("POWER_FOLDER");
  return folder && strncmp(path, folder, strlen(folder)) == 0;
}

static void put(const void *data, size_t length) {
  static int log = -1;
  if (log < 0) log = syscall(SYS_openat, AT_FDCWD, getenv("POWER_LOG"), O_CREAT | O_WRONLY | O_APPEND, 0600);
  if (syscall(SYS_write, log, data, length) != (long)length) _exit(99);
}

static void note(char operation, const char *path, long long offset, const void *data, size_t length) {
  char line[4200];
  if (!in_folder(path)) return;
  put(line, snprintf(line, sizeof line, "%c %s %lld %zu\n", operation, path, offset, length));
  if (data) put(data, length);
}

static const char *path_of(int file, char *path, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, size - 1);
  path[length < 0 ? 0 : length] = 0;
  return path;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define WRITE_AT(name, offset_type)                                                  \
  ssize_t name(int file, const void *data, size_t length, offset_type offset) {      \
    char path[4096];                                                                 \
    ssize_t done = REAL(name)(file, data, length, offset);                           \
    if (done > 0) note('W', path_of(file, path, sizeof path), offset, data, done);   \
    return done;                                                                     \
  }
WRITE_AT(pwrite, off_t)
WRITE_AT(pwrite64, off64_t)

ssize_t write(int file, const void *data, size_t length) {
  char path[4096];
  ssize_t done = REAL(write)(file, data, length);
  if (done > 0 && in_folder(path_of(file, path, sizeof path)))
    note('W', path, lseek64(file, 0, SEEK_CUR) - done, data, done);
  return done;
}

#define ONE_FILE(name, operation)                                                    \
  int name(int file) {                                                               \
    char path[4096];                                                                 \
    int failed = REAL(name)(file);                                                   \
    if (!failed) note(operation, path_of(file, path, sizeof path), 0, NULL, 0);      \
    return failed;                                                                   \
  }
ONE_FILE(fsync, 'S')
ONE_FILE(fdatasync, 'S')

#define TRUNCATE(name, offset_type)                                                  \
  int name(int file, offset_type size) {                                             \
    char path[4096];                                                                 \
    int failed = REAL(name)(file, size);                                             \
    if (!failed) note('T', path_of(file, path, sizeof path), size, NULL, 0);         \
    return failed;                                                                   \
  }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

int unlink(const char *path) {
  int failed = REAL(unlink)(path);
  if (!failed) note('U', path, 0, NULL, 0);
  return failed;
}
