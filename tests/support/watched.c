/* What a process asks of the disk and of the network, written down; and a disk that is full below a
   path. A line of the log: a word, and the path or the address that it is about. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static int book = -1;
static char full[1024];

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("WATCHED_LOG");
    if (path) book = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

/* The disk is full for files whose path holds this text; with an empty one it is not. */
void watched_full(const char *path) {
    strncpy(full, path, sizeof full - 1);
}

static void note(const char *form, ...) {
    char line[8192];
    int kept = errno;
    va_list words;
    va_start(words, form);
    int length = vsnprintf(line, sizeof line - 1, form, words);
    va_end(words);
    if (book >= 0 && length > 0) {
        if (length > (int)sizeof line - 2) length = sizeof line - 2;
        line[length] = '\n';
        ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
        if (real(book, line, length + 1) < 0) abort();
    }
    errno = kept;
}

static const char *path_of(int file, char *into, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, into, size - 1);
    into[length < 0 ? 0 : length] = 0;
    return into;
}

static int is_full(int file) {
    char path[4096];
    if (!full[0] || file == book || !strstr(path_of(file, path, sizeof path), full)) return 0;
    note("full %s", path);
    errno = ENOSPC;
    return 1;
}

#define REAL(result, name, ...) \
    static result (*real)(__VA_ARGS__); \
    if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

ssize_t write(int file, const void *from, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    return is_full(file) ? -1 : real(file, from, size);
}

ssize_t pwrite(int file, const void *from, size_t size, off_t at) {
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
    return is_full(file) ? -1 : real(file, from, size, at);
}

ssize_t pwrite64(int file, const void *from, size_t size, off64_t at) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    return is_full(file) ? -1 : real(file, from, size, at);
}

ssize_t writev(int file, const struct iovec *from, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    return is_full(file) ? -1 : real(file, from, count);
}

ssize_t sendfile(int to, int from, off_t *at, size_t size) {
    REAL(ssize_t, "sendfile", int, int, off_t *, size_t);
    return is_full(to) ? -1 : real(to, from, at, size);
}

ssize_t sendfile64(int to, int from, off64_t *at, size_t size) {
    REAL(ssize_t, "sendfile64", int, int, off64_t *, size_t);
    return is_full(to) ? -1 : real(to, from, at, size);
}

ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *there, size_t size, unsigned how) {
    REAL(ssize_t, "copy_file_range", int, off64_t *, int, off64_t *, size_t, unsigned);
    return is_full(to) ? -1 : real(from, at, to, there, size, how);
}

int fsync(int file) {
    char path[4096];
    REAL(int, "fsync", int);
    int code = real(file);
    if (code == 0) note("sync %s", path_of(file, path, sizeof path));
    return code;
}

int fdatasync(int file) {
    char path[4096];
    REAL(int, "fdatasync", int);
    int code = real(file);
    if (code == 0) note("sync %s", path_of(file, path, sizeof path));
    return code;
}

static int renamed(int code, const char *from, const char *to) {
    if (code == 0) note("move %s\t%s", from, to);
    return code;
}

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    return renamed(real(from, to), from, to);
}

int renameat(int folder, const char *from, int other, const char *to) {
    REAL(int, "renameat", int, const char *, int, const char *);
    return renamed(real(folder, from, other, to), from, to);
}

int renameat2(int folder, const char *from, int other, const char *to, unsigned how) {
    REAL(int, "renameat2", int, const char *, int, const char *, unsigned);
    return renamed(real(folder, from, other, to, how), from, to);
}

static int is_elsewhere(const struct sockaddr *whom) {
    return whom && whom->sa_family != AF_UNIX && whom->sa_family != AF_UNSPEC
        && whom->sa_family != AF_NETLINK;
}

int connect(int line, const struct sockaddr *whom, socklen_t size) {
    REAL(int, "connect", int, const struct sockaddr *, socklen_t);
    if (!is_elsewhere(whom)) return real(line, whom, size);
    note("call family %d", whom->sa_family);
    errno = ENETUNREACH;
    return -1;
}

ssize_t sendto(int line, const void *from, size_t size, int how, const struct sockaddr *whom,
               socklen_t length) {
    REAL(ssize_t, "sendto", int, const void *, size_t, int, const struct sockaddr *, socklen_t);
    if (!is_elsewhere(whom)) return real(line, from, size, how, whom, length);
    note("call family %d", whom->sa_family);
    errno = ENETUNREACH;
    return -1;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found) {
    (void)service, (void)hints, (void)found;
    note("ask %s", name ? name : "");
    return EAI_FAIL;
}
