/* A disk that fails, laid between the program and the C library (LD_PRELOAD).
 *
 * Every call that changes something on the disk is counted, from 1: files and folders made, renamed and
 * removed, bytes written to regular files, syncs, modes, locks. At call FAULT_AT happens what FAULT_HOW says:
 *
 *   error   this one call fails
 *   full    the disk is full from this call on: nothing can be made, written or synced any more
 *   kill    the process is killed before it
 *   torn    half of a write is done, then the process is killed
 *
 * The number of calls is written to FAULT_COUNT where the process ends by itself; what was made, synced and
 * renamed is written to FAULT_TRACE, a line each.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static long calls;

static long at(void) {
    static long at = -1;
    if (at < 0) {
        const char *text = getenv("FAULT_AT");
        at = text ? atol(text) : 0;
    }
    return at;
}

static int is(const char *how) {
    const char *text = getenv("FAULT_HOW");
    return text && strcmp(text, how) == 0;
}

/* Whether this call is to fail. `grows`: it needs room on the disk. */
static int fails(int grows) {
    long number = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
    if (at() == 0 || number < at()) return 0;
    if (is("full")) return grows;
    if (number > at()) return 0;
    if (is("kill") || is("torn")) raise(SIGKILL);
    return is("error");
}

/* Says what is done to which path; without the calls that are counted. */
static void trace(const char *what, const char *path) {
    const char *to = getenv("FAULT_TRACE");
    char line[4400];
    if (!to) return;
    int length = snprintf(line, sizeof line, "%s %s\n", what, path);
    int file = syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file < 0) return;
    (void)!syscall(SYS_write, file, line, length);
    close(file);
}

static void trace_fd(const char *what, int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return;
    path[length] = 0;
    trace(what, path);
}

static int failed(int error) {
    errno = error;
    return -1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int is_file(int fd) {
    struct stat found;
    return fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
}

#define WRITE(name, PARAMS, ARGS, HALF)                                              \
    ssize_t name PARAMS {                                                            \
        if (is_file(fd)) {                                                           \
            if (is("torn") && __atomic_load_n(&calls, __ATOMIC_SEQ_CST) + 1 == at()) \
                (void)!NEXT(name) HALF;                                              \
            if (fails(1)) return failed(ENOSPC);                                     \
        }                                                                            \
        return NEXT(name) ARGS;                                                      \
    }

WRITE(write, (int fd, const void *bytes, size_t n), (fd, bytes, n), (fd, bytes, n / 2))
WRITE(pwrite64, (int fd, const void *bytes, size_t n, off64_t to), (fd, bytes, n, to), (fd, bytes, n / 2, to))

#define OPEN(name, PARAMS, LAST, ARGS)                          \
    int name PARAMS {                                           \
        mode_t mode = 0;                                        \
        if (flags & O_CREAT) {                                  \
            va_list more;                                       \
            va_start(more, LAST);                               \
            mode = va_arg(more, mode_t);                        \
            va_end(more);                                       \
            if (fails(1)) return failed(ENOSPC);                \
            trace("make", path);                                \
        }                                                       \
        return NEXT(name) ARGS;                                 \
    }

OPEN(open64, (const char *path, int flags, ...), flags, (path, flags, mode))
OPEN(openat64, (int dir, const char *path, int flags, ...), flags, (dir, path, flags, mode))

#define CALL(name, PARAMS, ARGS, GROWS, ERROR, TRACE) \
    int name PARAMS {                                 \
        if (fails(GROWS)) return failed(ERROR);       \
        TRACE;                                        \
        return NEXT(name) ARGS;                       \
    }

CALL(fsync, (int fd), (fd), 1, EIO, trace_fd("sync", fd))
CALL(mkdir, (const char *path, mode_t mode), (path, mode), 1, ENOSPC, (void)0)
CALL(rename, (const char *from, const char *to), (from, to), 0, EIO, trace("rename", to))
CALL(unlink, (const char *path), (path), 0, EIO, trace("unlink", path))
CALL(rmdir, (const char *path), (path), 0, EIO, (void)0)
CALL(unlinkat, (int dir, const char *path, int flags), (dir, path, flags), 0, EIO, (void)0)
CALL(chmod, (const char *path, mode_t mode), (path, mode), 0, EPERM, (void)0)
CALL(flock, (int fd, int how), (fd, how), 0, ENOLCK, (void)0)

__attribute__((destructor)) static void tell(void) {
    const char *path = getenv("FAULT_COUNT");
    if (!path) return;
    FILE *file = fopen(path, "w");
    if (file) {
        fprintf(file, "%ld", calls);
        fclose(file);
    }
}
