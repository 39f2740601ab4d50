/* A witness for offline.sh where strace may not watch: loaded into the program, it writes down what that hands to the C library for
   connecting and sending, in strace's words. It needs no privilege, and sees less than strace: not what a program does without the library. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void note(const char *line) {
    const char *folder = getenv("OFFLINE_WITNESS");
    char path[PATH_MAX];
    if (folder == NULL) return;
    snprintf(path, sizeof path, "%s/connects.%d", folder, (int)getpid());
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return;
    dprintf(file, "%d %s\n", (int)getpid(), line);
    close(file);
}

static void note_address(const char *call, const struct sockaddr *address) {
    char where[INET6_ADDRSTRLEN] = "?", line[256];
    if (address == NULL) return;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *to = (const struct sockaddr_in *)address;
        inet_ntop(AF_INET, &to->sin_addr, where, sizeof where);
        snprintf(line, sizeof line, "%s({sa_family=AF_INET, sin_port=htons(%u), sin_addr=%s})", call, ntohs(to->sin_port), where);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *to = (const struct sockaddr_in6 *)address;
        inet_ntop(AF_INET6, &to->sin6_addr, where, sizeof where);
        snprintf(line, sizeof line, "%s({sa_family=AF_INET6, sin6_port=htons(%u), sin6_addr=%s})", call, ntohs(to->sin6_port), where);
    } else {
        snprintf(line, sizeof line, "%s({sa_family=%s})", call, address->sa_family == AF_UNIX ? "AF_UNIX" : "other");
    }
    note(line);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int socket(int domain, int type, int protocol) {
    int kind = type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (domain == AF_PACKET) note("socket(AF_PACKET)");
    if ((domain == AF_INET || domain == AF_INET6) && kind == SOCK_DGRAM) note("socket(AF_INET, SOCK_DGRAM)");
    if ((domain == AF_INET || domain == AF_INET6) && kind == SOCK_RAW) note("socket(AF_INET, SOCK_RAW)");
    return REAL(socket)(domain, type, protocol);
}

int connect(int fd, const struct sockaddr *address, socklen_t length) {
    note_address("connect", address);
    return REAL(connect)(fd, address, length);
}

ssize_t sendto(int fd, const void *bytes, size_t size, int flags, const struct sockaddr *address, socklen_t length) {
    note_address("sendto", address);
    return REAL(sendto)(fd, bytes, size, flags, address, length);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    note_address("sendmsg", message->msg_name);
    return REAL(sendmsg)(fd, message, flags);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags) {
    for (unsigned int k = 0; k < count; k++) note_address("sendmmsg", messages[k].msg_hdr.msg_name);
    return REAL(sendmmsg)(fd, messages, count, flags);
}
