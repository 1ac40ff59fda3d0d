/* The k-th call of a process that changes something durable fails, or ends the process.

   What counts: write, pwrite, writev, sendfile, copy_file_range to a regular file; fsync, fdatasync;
   rename, link. A plan of 64-bit numbers is read from a mapped file, shared with children:
   is_armed, kth, harm, kinds (a mask), counted. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 1, SYNC = 2, NAME = 4 };
enum { COUNT = 0, FAIL = 1, KILL = 2, TEAR = 3 };

struct plan { volatile long long is_armed, kth, harm, kinds, counted; };
static struct plan none;
static struct plan *plan = &none;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("KTH_CALL");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *seen = mmap(0, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (seen != MAP_FAILED) plan = seen;
    close(file);
}

static int is_file(int file) {
    struct stat found;
    return fstat(file, &found) == 0 && S_ISREG(found.st_mode);
}

/* Whether this call is the one that is harmed; a kill does not return. */
static int strikes(int kind) {
    if (!plan->is_armed || !(plan->kinds & kind)) return 0;
    long long number = __atomic_add_fetch(&plan->counted, 1, __ATOMIC_SEQ_CST);
    if (plan->harm == COUNT || number != plan->kth) return 0;
    if (plan->harm == KILL) kill(getpid(), SIGKILL);
    return 1;
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define REFUSE(code) do { errno = (code); return -1; } while (0)

ssize_t write(int file, const void *bytes, size_t size) {
    REAL(write);
    if (plan->is_armed && is_file(file) && strikes(WRITE)) {
        if (plan->harm == TEAR) {
            real(file, bytes, size / 2);
            kill(getpid(), SIGKILL);
        }
        REFUSE(ENOSPC);
    }
    return real(file, bytes, size);
}

ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t at) {
    REAL(pwrite64);
    if (plan->is_armed && is_file(file) && strikes(WRITE)) {
        if (plan->harm == TEAR) {
            real(file, bytes, size / 2, at);
            kill(getpid(), SIGKILL);
        }
        REFUSE(ENOSPC);
    }
    return real(file, bytes, size, at);
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t at) { return pwrite64(file, bytes, size, at); }

ssize_t writev(int file, const struct iovec *parts, int count) {
    REAL(writev);
    if (plan->is_armed && is_file(file) && strikes(WRITE)) REFUSE(ENOSPC);
    return real(file, parts, count);
}

ssize_t sendfile64(int to, int from, off64_t *at, size_t size) {
    REAL(sendfile64);
    if (plan->is_armed && is_file(to) && strikes(WRITE)) REFUSE(ENOSPC);
    return real(to, from, at, size);
}

ssize_t sendfile(int to, int from, off_t *at, size_t size) { return sendfile64(to, from, at, size); }

ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *onto, size_t size, unsigned flags) {
    REAL(copy_file_range);
    if (strikes(WRITE)) REFUSE(ENOSPC);
    return real(from, at, to, onto, size, flags);
}

int fsync(int file) {
    REAL(fsync);
    if (strikes(SYNC)) REFUSE(EIO);
    return real(file);
}

int fdatasync(int file) {
    REAL(fdatasync);
    if (strikes(SYNC)) REFUSE(EIO);
    return real(file);
}

int rename(const char *from, const char *to) {
    REAL(rename);
    if (strikes(NAME)) REFUSE(EIO);
    return real(from, to);
}

int renameat(int at, const char *from, int onto, const char *to) {
    REAL(renameat);
    if (strikes(NAME)) REFUSE(EIO);
    return real(at, from, onto, to);
}

int renameat2(int at, const char *from, int onto, const char *to, unsigned flags) {
    REAL(renameat2);
    if (strikes(NAME)) REFUSE(EIO);
    return real(at, from, onto, to, flags);
}

int link(const char *from, const char *to) {
    REAL(link);
    if (strikes(NAME)) REFUSE(EIO);
    return real(from, to);
}

int linkat(int at, const char *from, int onto, const char *to, int flags) {
    REAL(linkat);
    if (strikes(NAME)) REFUSE(EIO);
    return real(at, from, onto, to, flags);
}
