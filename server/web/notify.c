/* notify.c - see notify.h. libsystemd would bring four libraries for these few lines. */
#include "notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

static void notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path == NULL || path[0] == '\0')
        return;
    size_t length = strlen(path);
    int socket_fd =
        length < sizeof address.sun_path ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
    if (socket_fd >= 0) {
        memcpy(address.sun_path, path, length);
        if (address.sun_path[0] == '@') /* the abstract name space */
            address.sun_path[0] = '\0';
        socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
        if (sendto(socket_fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
                   size) >= 0) {
            close(socket_fd);
            return;
        }
        close(socket_fd);
    }
    log_event(LOG_WARNING, "notify_failed", "state=%s", state);
}

void notify_ready(void)
{
    notify("READY=1");
}

void notify_stopping(void)
{
    notify("STOPPING=1");
}
