/* SPDX-License-Identifier: MIT
 * Names of AF_UNIX sockets. Callable from everywhere.
 * It must never read more of an address than the length it was given says.
 */
#include "shared/address.h"

#include "shared/overlay_act.h"
#include "shared/text.h"

#include <asm/fcntl.h>
#include <errno.h>
#include <linux/fcntl.h>

#define FAMILY_UNIX 1 /* AF_UNIX; the family is in the machine's byte order */

/* Length of the path name in ADDRESS, 0 if it has none: another family, unnamed, abstract, too long
 * for the kernel. The path need not end in a NUL (unix(7)). */
static size_t name_length(const unsigned char *address, size_t len)
{
	uint16_t family;

	if (len <= SNR_ADDRESS_FAMILY || len > SNR_ADDRESS_SIZE)
		return 0;
	__builtin_memcpy(&family, address, sizeof(family));
	if (family != FAMILY_UNIX)
		return 0;
	return snr_length_within((const char *)address + SNR_ADDRESS_FAMILY,
				 len - SNR_ADDRESS_FAMILY);
}

long snr_write_address(const char *path, size_t len, unsigned char out[SNR_ADDRESS_SIZE])
{
	uint16_t family = FAMILY_UNIX;

	if (SNR_ADDRESS_FAMILY + len > SNR_ADDRESS_SIZE)
		return -ENAMETOOLONG;
	__builtin_memcpy(out, &family, sizeof(family));
	snr_copy((char *)out + SNR_ADDRESS_FAMILY, path, len);
	/* The kernel's own answers count the NUL where there is room for it. */
	if (SNR_ADDRESS_FAMILY + len < SNR_ADDRESS_SIZE)
		out[SNR_ADDRESS_FAMILY + len++] = '\0';
	return (long)(SNR_ADDRESS_FAMILY + len);
}

/* What was planned for the path, as PLAN for the address that OUT is to hold. */
static void take(const struct snr_plan *path_plan, unsigned char out[SNR_ADDRESS_SIZE],
		 struct snr_address_plan *plan)
{
	long n;

	plan->verdict = path_plan->verdict;
	plan->result = path_plan->result;
	plan->rule = path_plan->rule;
	if (plan->verdict != SNR_CHANGED)
		return;
	plan->path_len = path_plan->path_len[0];
	n = snr_write_address(path_plan->text[0], plan->path_len, out);
	plan->too_long = n < 0;
	plan->len = n < 0 ? 0 : (uint32_t)n;
}

void snr_plan_address(struct snr_redirector *redirector, struct snr_scratch *scratch,
		      const unsigned char *address, size_t len, bool creates,
		      unsigned char out[SNR_ADDRESS_SIZE], char *path,
		      struct snr_address_plan *plan)
{
	struct snr_lookup lookup = {.follow = !creates,
				    .create = creates,
				    .entry = creates,
				    .writes = creates};
	size_t name = name_length(address, len);
	struct snr_plan path_plan;

	plan->verdict = SNR_UNCHANGED;
	plan->result = 0;
	plan->rule = SNR_NO_RULE;
	plan->len = 0;
	plan->path_len = 0;
	plan->too_long = false;
	plan->overlay.deed = SNR_DEED_NONE;
	if (!name)
		return;
	snr_copy(scratch->path, (const char *)address + SNR_ADDRESS_FAMILY, name);
	scratch->path[name] = '\0';
	path_plan.text[0] = path;
	snr_plan_path(redirector, scratch, AT_FDCWD, scratch->path, lookup, &path_plan);
	plan->overlay = path_plan.overlay;
	take(&path_plan, out, plan);
}

void snr_act_for_address(const struct snr_redirector *redirector, struct snr_scratch *scratch,
			 const struct snr_actor *actor, unsigned char out[SNR_ADDRESS_SIZE],
			 char *path, struct snr_address_plan *plan)
{
	const struct snr_call making = SNR_MAKING;
	struct snr_plan path_plan = {.verdict = plan->verdict,
				     .rule = plan->rule,
				     .npaths = 1,
				     .path_len = {(uint16_t)plan->path_len},
				     .text = {path},
				     .overlay = plan->overlay};

	snr_overlay_act(redirector, scratch, actor, &making, &path_plan);
	take(&path_plan, out, plan);
}

size_t snr_reverse_address(const struct snr_image *image, const unsigned char *address, size_t len,
			   unsigned char out[SNR_ADDRESS_SIZE])
{
	size_t name = name_length(address, len < SNR_ADDRESS_SIZE ? len : SNR_ADDRESS_SIZE);
	const char *path = (const char *)address + SNR_ADDRESS_FAMILY;
	char real[SNR_ADDRESS_SIZE], own[SNR_ADDRESS_SIZE];
	long n;

	if (!name || path[0] != '/')
		return 0;
	snr_copy(real, path, name);
	n = snr_unmap(image, real, name, own, sizeof(own));
	if (n < 0 || ((size_t)n == name && snr_equal(own, real, name)))
		return 0;
	n = snr_write_address(own, (size_t)n, out);
	return n < 0 ? 0 : (size_t)n;
}
