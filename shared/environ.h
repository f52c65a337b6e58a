/* SPDX-License-Identifier: MIT
 * The environment of a child that is to be redirected: LD_PRELOAD, LD_AUDIT, GLIBC_TUNABLES
 * and SNAPREDIR_IMAGE set, everything else as given. Used by the launcher for the program and by
 * the shim at every exec. Allocates nothing, calls no libc: measure first, then build into memory
 * of the caller's.
 */
#ifndef SNR_ENVIRON_H
#define SNR_ENVIRON_H

#include <stdbool.h>
#include <stddef.h>

/* The shim's companion, which ld.so asks where libraries are, lies beside it: what stands in its
 * name for the ".so" of the shim. */
#define SNR_COMPANION "-audit.so"

/* "SNAPREDIR_IMAGE=" FD ":" PID and the NUL: what snr_environ_image writes at most. */
#define SNR_IMAGE_VALUE 32

/* What the child shall find. */
struct snr_environ {
	const char *const *envp; /* what it would get without us, NULL-terminated; NULL is empty */
	const char *shim;        /* path to have in LD_PRELOAD, or NULL: none */
	bool libraries;          /* its companion (SNR_COMPANION) is to be in LD_AUDIT */
	bool sanitized;          /* AddressSanitizer's run time is to bear the shim before it */
	const char *name; /* what the program was executed as, where that is not what the kernel was
			     told (SNR_IMAGE_ENV in shared/rules.h); else NULL. Needs IMAGE */
	const char *library_path; /* value of LD_LIBRARY_PATH for ld.so alone, or NULL: what ENVP
				     says. The shim puts that back. Needs SHIM and IMAGE */
	const char *image;        /* value of SNAPREDIR_IMAGE ("FD:PID"), or NULL: not set */
	const char *gate;         /* value of SNAPREDIR_GATE (shared/gate.h), or NULL: not set */
	/* Elements that are ours (the shims of both word sizes; NULL or "" where
	 * there is none): taken out wherever they are not SHIM. */
	const char *ours[2];
};

/* What building it takes. */
struct snr_environ_size {
	size_t slots; /* pointers, the terminating NULL included */
	size_t bytes; /* of new strings; strings that stay are pointed to, not copied */
};

/* Measure WANT. Nothing can fail. */
struct snr_environ_size snr_environ_measure(const struct snr_environ *want);

/* Build WANT into SLOTS and BYTES, which have the size that snr_environ_measure told. The result
 * points into WANT->envp's strings: it lives no longer than they do.
 * LD_PRELOAD, and LD_AUDIT likewise: the shim is appended behind a colon, so that order, empty
 * elements and literal $LIB of the user's own value stay, and taking it out again gives just that
 * value back (a variable that held nothing but the shim goes away). A shim that is there already is
 * not moved or doubled. Of several LD_PRELOADs ld.so obeys the last: that one is extended. */
void snr_environ_build(const struct snr_environ *want, char **slots, char *bytes);

/* Write "FD:PID" into OUT. */
void snr_environ_image(int fd, int pid, char out[SNR_IMAGE_VALUE]);

/* Read "FD:PID" or "FD:PID:..." again. Returns the length of the part before the second colon, or
 * -EINVAL where TEXT is no such value. */
int snr_environ_parse_image(const char *text, int *fd, int *pid);

/* What else is in a value of SNAPREDIR_IMAGE: pointers into TEXT. */
struct snr_environ_rest {
	const char *name;   /* no NUL follows */
	size_t name_len;    /* 0: none */
	char *library_path; /* "LD_LIBRARY_PATH=..." as the program is to have it, or NULL */
};

/* Read the rest of TEXT, LEN bytes of which are "FD:PID". */
struct snr_environ_rest snr_environ_rest(char *text, size_t len);

/* The slot of ENVP's last LD_LIBRARY_PATH, which ld.so obeys, or NULL. */
const char **snr_environ_library_path(const char *const *envp);

/* The value of variable NAME in ENVP (the first of that name, as getenv(3)), or NULL. */
const char *snr_environ_get(const char *const *envp, const char *name);

#endif
