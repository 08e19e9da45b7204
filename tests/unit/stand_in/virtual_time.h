/*
 * virtual_time.h - time that passes only while every thread waits.
 *
 * Linked into a test program, virtual_time.c takes the place of the waits that the server's threads
 * use: pthread_create and pthread_join, pthread_cond_wait, _clockwait, _signal and _broadcast,
 * sem_wait, sem_clockwait and sem_post, and CLOCK_MONOTONIC. The threads are real, and so are
 * the locks; but as soon as all of them wait, the clock is put to the moment for which the first
 * of them waits, and that one goes on. Hours pass in no time, a wait of 3 ms takes 3 ms exactly
 * however busy the machine is, and one run is as the other. Waiting for what nobody will ever
 * do ends the program with a message.
 */
#pragma once

#include <stdint.h>

/* Begins; the calling thread is the only one of the program. */
void time_begin(void);

/* Waits until clock_ms() shows that, or for that long. */
void time_sleep_until(int64_t ms);
void time_sleep(int64_t ms);
