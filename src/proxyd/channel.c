#include "proxyd/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Before the text. */
struct head {
    char word;
    int32_t rc;
    int64_t number;
};

/* Room for one descriptor beside a message. */
union beside {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
};

int wtl_channel_pair(int end[2], wtl_err *err)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, end) < 0)
        return WTL_FAIL_SYS(err, WTL_BUSY, errno, "no pair of sockets for a new process");
    return WTL_OK;
}

static void enclose(struct msghdr *msg, union beside *beside, int fd)
{
    msg->msg_control = beside;
    msg->msg_controllen = sizeof beside->room;
    struct cmsghdr *c = CMSG_FIRSTHDR(msg);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
}

bool wtl_channel_send(int fd, const wtl_channel_message *m)
{
    struct head head;
    memset(&head, 0, sizeof head);
    head.word = m->word;
    head.rc = m->rc;
    head.number = m->number;
    struct iovec part[2] = {{&head, sizeof head}, {(char *)m->text, strnlen(m->text, sizeof m->text)}};
    struct msghdr msg = {.msg_iov = part, .msg_iovlen = 2};
    union beside beside;
    memset(&beside, 0, sizeof beside);
    if (m->fd >= 0)
        enclose(&msg, &beside, m->fd);
    ssize_t sent;
    do
        sent = sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

bool wtl_channel_say(int fd, enum wtl_channel_word word, int64_t number)
{
    wtl_channel_message m = {.word = (char)word, .number = number, .fd = -1};
    return wtl_channel_send(fd, &m);
}

static int enclosed(struct msghdr *msg)
{
    int fd = -1;
    struct cmsghdr *c = CMSG_FIRSTHDR(msg);
    if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
        c->cmsg_len == CMSG_LEN(sizeof fd))
        memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return fd;
}

enum wtl_channel_got wtl_channel_take(int fd, wtl_channel_message *m, bool with_fd)
{
    *m = (wtl_channel_message){.fd = -1};
    struct head head;
    struct iovec part[2] = {{&head, sizeof head}, {m->text, sizeof m->text - 1}};
    union beside beside;
    struct msghdr msg = {.msg_iov = part, .msg_iovlen = 2};
    if (with_fd) {
        msg.msg_control = &beside;
        msg.msg_controllen = sizeof beside.room;
    }
    ssize_t got;
    do
        got = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return WTL_CHANNEL_NONE;
    if (got < (ssize_t)sizeof head)
        return WTL_CHANNEL_END;
    m->word = head.word;
    m->rc = head.rc;
    m->number = head.number;
    m->fd = with_fd ? enclosed(&msg) : -1;
    return WTL_CHANNEL_ONE;
}
