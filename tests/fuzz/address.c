/* SPDX-License-Identifier: MIT
 * Fuzz target: socket addresses, both ways. The input is a byte of flags and a struct sockaddr_un
 * of any length.
 */
#include "tests/fuzz/fuzz.h"

#include "shared/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct snr_scratch scratch;
	static char path[SNR_PATH_MAX];
	struct world world = {fuzz_nodes, COUNT(fuzz_nodes), "/snap/a", "/snap/a", 0};
	struct snr_redirector redirector = {.image = fuzz_image(), .host = world_host(&world)};
	unsigned char out[SNR_ADDRESS_SIZE], back[SNR_ADDRESS_SIZE];
	struct input input = {data, size};
	unsigned flags = take(&input);
	struct snr_address_plan plan = {0};

	snr_plan_address(&redirector, &scratch, input.at, input.left, flags & 1, out, path, &plan);
	if (plan.verdict == SNR_CHANGED) {
		HOLDS(path[0] == '/' && strlen(path) == plan.path_len);
		if (plan.too_long) {
			HOLDS(snr_write_address(path, plan.path_len, out) == -ENAMETOOLONG);
		} else {
			HOLDS(plan.len > SNR_ADDRESS_FAMILY && plan.len <= SNR_ADDRESS_SIZE);
			HOLDS(!memcmp(out, input.at, SNR_ADDRESS_FAMILY));
			/* what the kernel gives back for it is a name of the program's again */
			HOLDS(snr_reverse_address(redirector.image, out, plan.len, back) <=
			      SNR_ADDRESS_SIZE);
		}
	} else if (plan.verdict == SNR_FINISHED) {
		HOLDS(plan.result < 0);
	}
	HOLDS(snr_reverse_address(redirector.image, input.at, input.left, out) <= SNR_ADDRESS_SIZE);
	return 0;
}
