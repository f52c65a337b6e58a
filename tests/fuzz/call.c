/* SPDX-License-Identifier: MIT
 * Fuzz target: plan() for any call of the table, openat2 and its struct open_how before all. The
 * input: the operation, six kinds of arguments, then lines of text, and what is left is the memory
 * that the arguments point to.
 */
#include "tests/fuzz/fuzz.h"

#include <linux/openat2.h>

#define MEMORY 0x10000u /* where the program's memory begins, as far as it is concerned */

static const uint8_t *memory;
static size_t memory_size;

static long read_bytes(void *context, uint64_t address, void *out, size_t size)
{
	if (address < MEMORY || address - MEMORY > memory_size ||
	    size > memory_size - (address - MEMORY))
		return -EFAULT;
	memcpy(out, memory + (address - MEMORY), size);
	return 0;
}

static long read_string(void *context, uint64_t address, char *out, size_t size)
{
	for (size_t n = 0; n < size; n++) {
		if (read_bytes(context, address + n, out + n, 1) < 0)
			return -EFAULT;
		if (!out[n])
			return (long)n;
	}
	return -ENAMETOOLONG;
}

/* A register: a small number, an address, a descriptor, ... */
static uint64_t take_argument(struct input *input)
{
	unsigned kind = take(input), value = take(input);

	switch (kind % 6) {
	case 0:
		return value;
	case 1:
		return MEMORY + value;
	case 2:
		return (uint64_t)(uint32_t)AT_FDCWD;
	case 3:
		return (uint64_t)-1 - value;
	case 4:
		return UINT64_C(1) << (value % 64);
	default:
		return 24;
	}
}

/* openat2: what was confined stays below its directory, here the cwd, which lies at /opt/acme. */
static void check_how(const struct snr_call *call, const struct snr_plan *plan)
{
	const char *text = plan->text[0];

	if (!plan->how_changed)
		return;
	HOLDS(call->op == SNR_openat2 && plan->verdict == SNR_CHANGED && plan->npaths == 1);
	HOLDS((plan->how[2] & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) == 0);
	HOLDS((plan->how[2] & RESOLVE_NO_SYMLINKS) != 0);
	HOLDS(!strncmp(text, "/snap/a", 7) || !strncmp(text, "/data/in", 8));
	HOLDS(!strstr(text, "/../") &&
	      (plan->path_len[0] < 3 || strcmp(text + plan->path_len[0] - 3, "/..") != 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct snr_scratch scratch;
	static char text[SNR_MAX_PATHS][SNR_PATH_MAX];
	struct world world = {fuzz_nodes, COUNT(fuzz_nodes), "/snap/a", "/data/in", 0};
	struct snr_redirector redirector = {.image = fuzz_image(), .host = world_host(&world)};
	struct snr_plan plan = {.text = {text[0], text[1]}};
	struct input input = {data, size};
	struct snr_call call = {.op = (enum snr_op)(take(&input) % SNR_NOPS)};

	redirector.host.read_bytes = read_bytes;
	redirector.host.read_string = read_string;
	for (unsigned i = 0; i < SNR_NARGS; i++)
		call.arg[i] = take_argument(&input);
	memory = input.at;
	memory_size = input.left;
	snr_plan_call(&redirector, &scratch, &call, &plan);
	HOLDS(plan.npaths <= SNR_MAX_PATHS);
	check_how(&call, &plan);
	if (plan.verdict == SNR_FINISHED)
		HOLDS(plan.result <= 0 && plan.result > -4096);
	for (unsigned i = 0; plan.verdict == SNR_CHANGED && i < plan.npaths; i++) {
		HOLDS(snr_role_is_path(snr_pathops[call.op].role[plan.path_arg[i]]));
		HOLDS(plan.text[i][0] == '/' && strlen(plan.text[i]) == plan.path_len[i]);
	}
	return 0;
}
