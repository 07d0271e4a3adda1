#include "base/stop.h"

#include <signal.h>

static volatile sig_atomic_t asked;

void wtl_stop_ask(int signal_number)
{
    asked = signal_number;
}

int wtl_stop_asked(void)
{
    return asked;
}
