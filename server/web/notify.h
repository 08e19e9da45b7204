/*
 * notify.h - tells systemd (Type=notify) that the service is ready, or stopping.
 *
 * The protocol is one datagram to the socket that $NOTIFY_SOCKET names; see sd_notify(3).
 * Without that variable nothing happens.
 */
#pragma once

void notify_ready(void);
void notify_stopping(void);
