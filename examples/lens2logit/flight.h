/* Several items of work at once: on a few threads, within the machine's memory, told in order. */
#ifndef FLIGHT_H
#define FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct flight flight;

/* Does item `item` as worker `worker`, of which no two are the same at a time; tells failures. */
typedef bool flight_body(void *user, flight *f, int worker, int item);

/* Begins items 0 to count - 1 in this order, on at most so many threads; with one, the caller does
   them himself. NULL: told. */
flight *flight_begin(int workers, int count, flight_body *body, void *user);

/* Waits for an item, to be asked for in order. What it told is told now; returns what it did. */
bool flight_wait(flight *f, int item);

/* To be called by an item before it takes so many bytes: waits while those of the items before it
   fill the room there is. Its bytes count until it ends. */
void flight_room(flight *f, int item, int64_t bytes);

/* After the last item has been waited for. */
void flight_end(flight *f);

#endif
