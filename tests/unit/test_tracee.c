/* SPDX-License-Identifier: MIT
 * The table of tracees and the address spaces they share. Run by make check. No process is traced.
 */
#include "tracer/socket.h"
#include "tracer/tracee.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state)
{
	struct tracer *tracer = calloc(1, sizeof(*tracer));

	assert_non_null(tracer);
	assert_int_equal(tracee_table_init(tracer), 0);
	*state = tracer;
	return 0;
}

static int tear_down(void **state)
{
	tracee_table_free(*state);
	socket_forget_all(*state);
	free(*state);
	return 0;
}

static void finds_what_was_put_in(void **state)
{
	struct tracer *tracer = *state;

	assert_null(tracee_find(tracer, 1));
	for (pid_t tid = 1; tid <= 20000; tid++)
		assert_non_null(tracee_new(tracer, tid, 1));
	assert_int_equal(tracer->count, 20000);
	for (pid_t tid = 1; tid <= 20000; tid++)
		assert_int_equal(tracee_find(tracer, tid)->tid, tid);
	assert_null(tracee_find(tracer, 20001));
	for (pid_t tid = 1; tid <= 20000; tid += 2)
		tracee_drop(tracer, tracee_find(tracer, tid));
	for (pid_t tid = 1; tid <= 20000; tid++)
		assert_int_equal(tracee_find(tracer, tid) != NULL, tid % 2 == 0);
	assert_int_equal(tracer->count, 10000);
}

/* However many there are, a look-up meets few others. */
static void chains_stay_short(void **state)
{
	struct tracer *tracer = *state;
	unsigned longest = 0;

	for (pid_t tid = 300; tid < 100300; tid++)
		assert_non_null(tracee_new(tracer, tid, 1));
	for (unsigned i = 0; i < tracer->table_size; i++) {
		unsigned n = 0;

		for (const struct tracee *t = tracer->table[i]; t; t = t->next)
			n++;
		if (n > longest)
			longest = n;
	}
	assert_in_range(longest, 1, 16);
}

static void memory_is_used_again(void **state)
{
	struct tracer *tracer = *state;
	struct tracee *first = tracee_new(tracer, 5, 5);

	first->changed = 3;
	first->map_error = -ENOMEM;
	tracee_drop(tracer, first);
	for (pid_t tid = 6; tid < 100000; tid++) {
		struct tracee *tracee = tracee_new(tracer, tid, tid);

		assert_ptr_equal(tracee, first);
		assert_int_equal(tracee->changed, 0);
		assert_int_equal(tracee->map_error, 0);
		tracee_drop(tracer, tracee);
	}
	assert_int_equal(tracer->table_size, 64);
}

static void a_thread_takes_the_leaders_number(void **state)
{
	struct tracer *tracer = *state;
	struct tracee *thread = tracee_new(tracer, 11, 10);

	tracee_rename(tracer, thread, 10);
	assert_null(tracee_find(tracer, 11));
	assert_ptr_equal(tracee_find(tracer, 10), thread);
}

static struct tracee_chunk *add_chunk(struct tracee *tracee, uint64_t address)
{
	struct tracee_chunk *chunk = calloc(1, sizeof(*chunk));

	assert_non_null(chunk);
	*chunk = (struct tracee_chunk){.next = tracee->space->chunks,
				       .address = address,
				       .slot_size = 4096,
				       .nslots = 8,
				       .word = 8};
	tracee->space->chunks = chunk;
	return chunk;
}

static void threads_share_what_is_mapped(void **state)
{
	struct tracer *tracer = *state;
	struct tracee *parent = tracee_new(tracer, 1, 1), *child = tracee_new(tracer, 2, 1);

	assert_int_equal(tracee_share_space(child, parent), 0);
	add_chunk(parent, 0x1000);
	assert_int_equal(child->space->chunks->address, 0x1000);
	tracee_drop(tracer, parent);
	assert_int_equal(child->space->chunks->address, 0x1000);
}

static void a_fork_has_copies_with_nothing_in_use(void **state)
{
	struct tracer *tracer = *state;
	struct tracee *parent = tracee_new(tracer, 1, 1), *child = tracee_new(tracer, 2, 2);

	add_chunk(parent, 0x1000)->used = 5;
	add_chunk(parent, 0x9000)->marked = 3;
	parent->space->dumpable = 0;
	assert_int_equal(tracee_copy_space(child, parent), 0);
	/* In whatever order; it is the other way round. */
	assert_int_equal(child->space->chunks->address, 0x1000);
	assert_int_equal(child->space->chunks->used, 0);
	assert_int_equal(child->space->chunks->next->address, 0x9000);
	assert_int_equal(child->space->chunks->next->marked, 3);
	assert_int_equal(child->space->dumpable, 0);
	add_chunk(child, 0xf000);
	assert_int_equal(parent->space->chunks->address, 0x9000);
}

static void exec_leaves_nothing_and_gives_the_slot_back(void **state)
{
	struct tracer *tracer = *state;
	struct tracee *parent = tracee_new(tracer, 1, 1), *child = tracee_new(tracer, 2, 2);
	struct tracee_chunk *chunk = add_chunk(parent, 0x1000);

	/* vfork: the child holds a slot of the parent's memory when it executes. */
	tracee_share_space(child, parent);
	chunk->used = 2;
	child->slot = (struct tracee_slot){chunk, 1};
	assert_int_equal(tracee_fresh_space(child), 0);
	assert_int_equal(chunk->used, 0);
	assert_null(child->space->chunks);
	assert_int_equal(child->space->dumpable, -1);
	assert_ptr_equal(parent->space->chunks, chunk);
}

static struct socket_name name_of(const char *path)
{
	struct socket_name name = {.text = {1, 0}, .len = (uint32_t)(2 + strlen(path) + 1)};

	memcpy(name.text + 2, path, strlen(path) + 1);
	return name;
}

static void sockets_get_back_what_they_were_bound_with(void **state)
{
	struct tracer *tracer = *state;
	struct socket_name own = name_of("./own"), real = name_of("/real/one"), seen, cut;

	assert_false(socket_knows(tracer));
	socket_remember(tracer, &own, &real);
	assert_true(socket_knows(tracer));
	assert_true(socket_reverse(tracer, &real, real.len, &seen));
	assert_string_equal((const char *)seen.text + 2, "./own");
	assert_int_equal(seen.len, own.len);
	/* Without its NUL it is the same name for the kernel. */
	real.len--;
	own = name_of("other");
	socket_remember(tracer, &own, &real);
	real.len++;
	assert_true(socket_reverse(tracer, &real, real.len, &seen));
	assert_string_equal((const char *)seen.text + 2, "other");
	/* Of a short buffer only the first bytes are known. */
	cut = real;
	memset(cut.text + 5, 0, sizeof(cut.text) - 5);
	assert_true(socket_reverse(tracer, &cut, 5, &seen));
	cut.text[3] = 'x';
	assert_false(socket_reverse(tracer, &cut, 5, &seen));
}

static void the_oldest_socket_is_forgotten(void **state)
{
	struct tracer *tracer = *state;
	struct socket_name seen;
	char path[32];

	for (int i = 0; i < 1025; i++) {
		struct socket_name own, real;

		snprintf(path, sizeof(path), "own%d", i);
		own = name_of(path);
		snprintf(path, sizeof(path), "real%d", i);
		real = name_of(path);
		socket_remember(tracer, &own, &real);
	}
	for (int i = 1; i < 1025; i += 100) {
		struct socket_name real;

		snprintf(path, sizeof(path), "real%d", i);
		real = name_of(path);
		assert_true(socket_reverse(tracer, &real, 5, &seen));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(finds_what_was_put_in),
		TEST(chains_stay_short),
		TEST(memory_is_used_again),
		TEST(a_thread_takes_the_leaders_number),
		TEST(threads_share_what_is_mapped),
		TEST(a_fork_has_copies_with_nothing_in_use),
		TEST(exec_leaves_nothing_and_gives_the_slot_back),
		TEST(sockets_get_back_what_they_were_bound_with),
		TEST(the_oldest_socket_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
