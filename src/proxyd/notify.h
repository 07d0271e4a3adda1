/* Words to a service manager that started this program (sd_notify(3)): a datagram to the socket that NOTIFY_SOCKET names. */
#ifndef WTL_PROXYD_NOTIFY_H
#define WTL_PROXYD_NOTIFY_H

/* "READY=1" and the like, lines; without a manager nothing happens. */
void wtl_notify(const char *state);
/* "RELOADING=1" with the time that Type=notify-reload wants. */
void wtl_notify_reloading(void);

#endif
