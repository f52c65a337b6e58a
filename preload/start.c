/* SPDX-License-Identifier: MIT
 * What the shim does when it is loaded: it maps the rules, and gives the program its own name and
 * LD_LIBRARY_PATH back.
 * Run by ld.so. It must never be needed: a wrapper that runs before it maps the rules itself.
 */
#include "preload/fault.h"
#include "preload/gate.h"

#include "shared/callnumbers.h"
#include "shared/environ.h"
#include "shared/exec.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <link.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <unistd.h>

/* ld.so: the initial stack pointer, at argc (glibc, since 2.1). */
extern void *__libc_stack_end;

/* The initial stack: argc, argv, NULL, envp, NULL, auxv (System V ABI). Where ld.so was run as a
 * program, glibc before 2.33 uses the place of the arguments it took for itself as stack; what libc
 * was given must do then. */
const char *const *shim_initial_environment(void)
{
	const long *stack = __libc_stack_end;
	const char *const *argv = (const char *const *)(stack + 1);

	if (*stack < 1 || *stack > 1 << 22 || argv[*stack])
		return (const char *const *)environ;
	return argv + *stack + 1;
}

/* What AT_EXECFN points to where the kernel was told another file. */
static char executed_as[SNR_PATH_MAX];

/* proc(5), comm: 15 bytes of the file's last component. */
static void set_comm(const char *name)
{
	const char *last = name;

	for (; *name; name++)
		if (*name == '/')
			last = name + 1;
	snr_rawcall2(__NR_prctl, PR_SET_NAME, last);
}

/* "/dev/fd/N": an executed descriptor has its file's own name in comm, as it is already. */
static bool is_named_by_file(const char *name)
{
	size_t len = snr_length(name);
	struct utsname system = {0};

	return snr_begins(name, len, "/dev/fd/") && snr_digits(name + 8, len - 8) == len - 8 &&
	       snr_rawcall1(__NR_uname, &system) == 0 && snr_exec_names_file(system.release);
}

static void set_execfn(const char *const *envp, const char *name)
{
	ElfW(auxv_t) * aux;

	while (*envp)
		envp++;
	for (aux = (ElfW(auxv_t) *)(uintptr_t)(envp + 1); aux->a_type != AT_NULL; aux++)
		if (aux->a_type == AT_EXECFN)
			aux->a_un.a_val = (uintptr_t)name;
}

/* What else is in SNAPREDIR_IMAGE is for us alone, and for this image alone. */
static void take_rest(const char *const *envp)
{
	char *value = (char *)(uintptr_t)snr_environ_get(envp, SNR_IMAGE_ENV);
	struct snr_environ_rest rest;
	const char **own;
	int fd, pid, len;

	len = value ? snr_environ_parse_image(value, &fd, &pid) : 0;
	if (len <= 0 || !value[len])
		return;
	rest = snr_environ_rest(value, (size_t)len);
	if (rest.name_len && rest.name_len < sizeof(executed_as)) {
		snr_copy(executed_as, rest.name, rest.name_len);
		executed_as[rest.name_len] = '\0';
		set_execfn(envp, executed_as);
		if (!is_named_by_file(executed_as))
			set_comm(executed_as);
	}
	own = rest.library_path ? snr_environ_library_path(envp) : NULL;
	if (own)
		*own = rest.library_path;
	value[len] = '\0';
}

__attribute__((constructor)) static void start(void)
{
	const char *const *envp = shim_initial_environment();
	const struct snr_redirector *redirector;

	if (envp)
		take_rest(envp);
	redirector = shim_rules();
	if (redirector)
		shim_fault_start(redirector->image);
	if (envp)
		shim_gate_start(envp);
}
