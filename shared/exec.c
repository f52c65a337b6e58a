/* SPDX-License-Identifier: MIT
 * The exec planner: what will happen when this file is executed. Used by launcher, shim and tracer
 * alike. It must never change anything, and leave to the kernel what it cannot read or understand.
 */
#include "shared/exec.h"

#include "shared/text.h"

#include <asm/fcntl.h>
#include <elf.h>
#include <errno.h>
#include <linux/fcntl.h>

struct exec_walk {
	struct snr_redirector *redirector;
	struct snr_scratch *scratch;
	snr_read_file read_file;
	struct snr_exec_plan *plan;
	int cwd;    /* AT_FDCWD, or a descriptor: where interpreters without a slash in front are */
	char *file; /* real path of the image that is being looked at: plan->real */
};

static long read_at(const struct exec_walk *walk, uint64_t offset, void *out, size_t size)
{
	return walk->read_file(walk->redirector->host.context, walk->file, offset, out, size);
}

/* An absolute path by which the host can open PATH relative to DIRFD. */
static long write_own_path(int dirfd, const char *path, size_t len, char *out)
{
	struct snr_builder builder = {.out = out, .size = SNR_PATH_MAX};

	if (len && path[0] == '/') {
		snr_add(&builder, path, len);
		return snr_finish(&builder);
	}
	if (dirfd == AT_FDCWD) {
		snr_add_text(&builder, "/proc/self/cwd");
	} else {
		snr_add_text(&builder, "/proc/self/fd/");
		snr_add_number(&builder, dirfd);
	}
	if (len) {
		snr_add(&builder, "/", 1);
		snr_add(&builder, path, len);
	}
	return snr_finish(&builder);
}

/* Resolve PATH into OUT. True if a rule changed it, or it must fail. */
static bool resolve(const struct exec_walk *walk, int dirfd, const char *path, size_t len,
		    struct snr_lookup lookup, char *out)
{
	struct snr_redirector *redirector = walk->redirector;
	struct snr_facts *facts =
		redirector->image->flags & SNR_IMAGE_STRICT ? NULL : redirector->facts;
	struct snr_resolved resolved = snr_resolve(redirector->image, facts, &redirector->host,
						   walk->scratch, dirfd, path, len, lookup, out);

	if (resolved.rule != SNR_NO_RULE)
		walk->plan->rule = resolved.rule;
	if (resolved.error)
		walk->plan->error = resolved.error;
	return resolved.changed || resolved.error;
}

/* The same into walk->file, which gets a path by which the host can open it in any case. */
static bool resolve_image(const struct exec_walk *walk, int dirfd, const char *path, size_t len,
			  struct snr_lookup lookup)
{
	long n;

	if (resolve(walk, dirfd, path, len, lookup, walk->file))
		return true;
	n = write_own_path(dirfd, path, len, walk->file);
	if (n < 0)
		walk->plan->error = (int)n;
	return false;
}

/* The dynamic linker's name tells whose libc a program uses (gcc/config: GLIBC_DYNAMIC_LINKER). */
static enum snr_libc libc_of(const char *interpreter, size_t len)
{
	while (len) {
		if (snr_begins(interpreter, len, "ld-linux") ||
		    snr_begins(interpreter, len, "ld64.so") ||
		    snr_begins(interpreter, len, "ld.so"))
			return SNR_LIBC_GLIBC;
		interpreter++;
		len--;
	}
	return SNR_LIBC_OTHER;
}

static void look_for_interpreter(const struct exec_walk *walk, const struct snr_segment *segment)
{
	char *name = walk->plan->loaded;
	uint64_t size = segment->size;
	long n;

	if (segment->type != PT_INTERP)
		return;
	walk->plan->kind = SNR_EXEC_DYNAMIC;
	n = read_at(walk, segment->offset, name, size < SNR_PATH_MAX ? size : SNR_PATH_MAX - 1);
	name[n > 0 ? n : 0] = '\0';
	walk->plan->libc = libc_of(name, snr_length(name));
}

/* Give an executed descriptor's file a name that lasts, if it has one: the descriptor may close on
 * exec. */
static void name_descriptor(const struct exec_walk *walk)
{
	const struct snr_host *host = &walk->redirector->host;
	char *name = walk->scratch->link;
	uint64_t inode;
	long n = host->read_link(host->context, walk->file, name, SNR_PATH_MAX - 1);

	if (n <= 0 || name[0] != '/')
		return;
	name[n] = '\0';
	if (host->kind(host->context, name, &inode) >= 0)
		snr_copy(walk->file, name, (size_t)n + 1);
}

static bool goes_by_descriptor(const struct snr_exec_plan *plan)
{
	return plan->by_descriptor || plan->from_directory;
}

/* Has the loader at PATH the option --argv0? It came with glibc 2.33; the first version whose mark
 * is among a loader's own symbols since then is 2.35. */
static bool takes_argv0(const struct exec_walk *walk, const char *path)
{
	static const char mark[] = "GLIBC_2.35";
	void *context = walk->redirector->host.context;
	char *text = walk->scratch->link;
	struct snr_elf elf = {.read_file = walk->read_file, .context = context, .path = path};
	struct snr_dynamic dynamic;
	long n = walk->read_file(context, path, 0, text, SNR_ELF_HEAD);

	if (n <= 0 || !snr_elf_open(&elf, text, (size_t)n) || !snr_elf_dynamic(&elf, &dynamic))
		return false;
	n = walk->read_file(context, path, dynamic.strings, text, SNR_PATH_MAX);
	for (long i = 0; i + (long)sizeof(mark) <= n; i++)
		if (snr_equal(text + i, mark, sizeof(mark)))
			return true;
	return false;
}

/* The kernel looks for PT_INTERP by its real name. Where a rule leads elsewhere, that loader is
 * executed and told of the program, as if the program were its script: ld.so(8), and musl's alike.
 * The shim is not there yet when a loader opens the program, so under preload it is told the real
 * name; and so it is where the program's own goes through a descriptor. */
static void take_loader(const struct exec_walk *walk, bool *changed)
{
	struct snr_exec_plan *plan = walk->plan;
	struct snr_shebang *shebang = &plan->shebang[plan->nshebang];
	struct snr_lookup follow = {.follow = true};
	char *loader = walk->scratch->path; /* the program's own path was copied by now */
	char name[SNR_SHEBANG_SIZE];
	size_t len = snr_length(plan->loaded);

	if (len < sizeof(name))
		snr_copy(name, plan->loaded, len + 1);
	plan->loaded[0] = '\0';
	if (!len || len >= SNR_SHEBANG_SIZE || plan->nshebang == SNR_SHEBANG_DEPTH)
		return;
	snr_copy(shebang->line, name, len + 1);
	shebang->argument = 0;
	if (!resolve(walk, walk->cwd, shebang->line, len, follow, loader))
		return;
	if (snr_is_magic_link(walk->file, snr_length(walk->file)))
		name_descriptor(walk);
	if (walk->redirector->image->engine == SNR_ENGINE_PRELOAD || goes_by_descriptor(plan))
		snr_copy(plan->loaded, walk->file, snr_length(walk->file) + 1);
	snr_copy(walk->file, loader, snr_length(loader) + 1);
	plan->nshebang++;
	plan->by_loader = true;
	plan->keeps_name = takes_argv0(walk, walk->file);
	*changed = true;
}

#define X_OK 1 /* <unistd.h> */

/* A dynamic linker that is itself run as a program: what it loads is of the libc that its name
 * says. */
static void look_at_name(const struct exec_walk *walk)
{
	const char *name = walk->file;
	size_t len;

	for (const char *at = name; *at; at++)
		if (*at == '/')
			name = at + 1;
	len = snr_length(name);
	/* up to glibc 2.34 the loader's own file was ld-2.34.so */
	if (snr_begins(name, len, "ld-2.") || libc_of(name, len) == SNR_LIBC_GLIBC)
		walk->plan->libc = SNR_LIBC_GLIBC;
	else if (!snr_begins(name, len, "ld-musl"))
		return;
	walk->plan->kind = SNR_EXEC_DYNAMIC;
}

/* Asked only where a shim comes before the program's libraries. */
static bool is_sanitized(const struct exec_walk *walk, const struct snr_elf *elf)
{
	static const char runtime[] = "libasan.so";
	struct snr_dynamic dynamic;
	unsigned index = 0;
	char name[sizeof(runtime)];

	if (walk->plan->libc != SNR_LIBC_GLIBC ||
	    walk->redirector->image->engine == SNR_ENGINE_TRACE || !snr_elf_dynamic(elf, &dynamic))
		return false;
	while (snr_elf_string(elf, &dynamic, DT_NEEDED, &index, name, sizeof(name)) != -ENOENT)
		if (snr_equal(name, runtime, sizeof(runtime) - 1))
			return true;
	return false;
}

static void look_at_elf(const struct exec_walk *walk, const struct snr_elf *elf)
{
	struct snr_exec_plan *plan = walk->plan;
	struct snr_segment segment;

	plan->elf_class = elf->elf_class;
	plan->machine = elf->machine;
	plan->kind = elf->elf_class ? SNR_EXEC_STATIC : SNR_EXEC_UNKNOWN;
	for (unsigned i = 0; i < elf->phnum && snr_elf_segment(elf, i, &segment); i++)
		look_for_interpreter(walk, &segment);
	if (plan->kind == SNR_EXEC_STATIC)
		look_at_name(walk);
	else if (plan->kind == SNR_EXEC_DYNAMIC)
		plan->sanitized = is_sanitized(walk, elf);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* fs/binfmt_script.c: interpreter, then everything behind it as one argument, blanks around it
 * dropped. False: no script that the kernel would take. */
static bool parse_shebang(const char *text, size_t len, struct snr_shebang *shebang)
{
	size_t start = 2, end = 2, stop, name;
	bool cut;

	while (end < len && text[end] != '\n' && text[end])
		end++;
	/* The last byte of a line that the buffer cuts off only ends a word. */
	cut = end == SNR_SHEBANG_SIZE;
	stop = cut ? end - 1 : end;
	while (start < stop && is_blank(text[start]))
		start++;
	while (stop > start && is_blank(text[stop - 1]))
		stop--;
	for (name = start; name < stop && !is_blank(text[name]); name++)
		;
	/* An interpreter that the buffer cuts off is refused; a cut argument is taken. */
	if (name == start || (cut && name == end - 1 && !is_blank(text[name])))
		return false;
	snr_copy(shebang->line, text + start, name - start);
	shebang->line[name - start] = '\0';
	shebang->argument = 0;
	while (name < stop && is_blank(text[name]))
		name++;
	if (name == stop)
		return true;
	shebang->argument = (uint16_t)(snr_length(shebang->line) + 1);
	snr_copy(shebang->line + shebang->argument, text + name, stop - name);
	shebang->line[shebang->argument + stop - name] = '\0';
	return true;
}

/* The name by which the kernel tells an interpreter of its script (fs/exec.c: bprm->filename). */
static void write_script_name(struct snr_exec_plan *plan, int dirfd, const char *path, size_t len)
{
	struct snr_builder builder = {.out = plan->script, .size = SNR_PATH_MAX};

	if (dirfd != AT_FDCWD && !(len && path[0] == '/')) {
		snr_add_text(&builder, "/dev/fd/");
		snr_add_number(&builder, dirfd);
		if (len)
			snr_add(&builder, "/", 1);
	}
	snr_add(&builder, path, len);
	if (snr_finish(&builder) < 0)
		plan->error = -ENAMETOOLONG;
}

/* Look at one image. True: it is a script, and walk->file now is its interpreter. */
static bool look_at(const struct exec_walk *walk, bool *changed)
{
	struct snr_exec_plan *plan = walk->plan;
	const struct snr_host *host = &walk->redirector->host;
	struct snr_lookup follow = {.follow = true};
	struct snr_shebang *shebang;
	struct snr_elf elf = {.read_file = walk->read_file,
			      .context = host->context,
			      .path = walk->file};
	char head[SNR_SHEBANG_SIZE];
	long n = read_at(walk, 0, head, sizeof(head));

	if (n > 0 && snr_elf_open(&elf, head, (size_t)n)) {
		look_at_elf(walk, &elf);
		take_loader(walk, changed);
		return false;
	}
	if (n < 3 || head[0] != '#' || head[1] != '!')
		return false;
	if (plan->nshebang == SNR_SHEBANG_DEPTH) {
		plan->error = -ELOOP;
		return false;
	}
	shebang = &plan->shebang[plan->nshebang];
	if (!parse_shebang(head, (size_t)n, shebang))
		return false;
	n = host->access(host->context, walk->file, X_OK);
	if (n < 0) {
		plan->error = (int)n;
		return false;
	}
	plan->nshebang++;
	if (resolve_image(walk, walk->cwd, shebang->line, snr_length(shebang->line), follow))
		*changed = true;
	return plan->error == 0;
}

/* What PATH names by the descriptor CWD the process will name by its cwd. */
static void leave_descriptor(int cwd, char *path)
{
	static const char own[] = "/proc/self/cwd";
	char text[32];
	struct snr_builder builder = {.out = text, .size = sizeof(text)};
	size_t len = snr_length(path);
	long n;

	snr_add_text(&builder, "/proc/self/fd/");
	snr_add_number(&builder, cwd);
	snr_add_text(&builder, "/");
	n = snr_finish(&builder) - 1;
	if (n <= 0 || !snr_begins(path, len, text))
		return;
	snr_copy(path, own, sizeof(own) - 1);
	for (size_t i = (size_t)n; i <= len; i++)
		path[i - (size_t)n + sizeof(own) - 1] = path[i];
}

void snr_plan_exec(struct snr_redirector *redirector, struct snr_scratch *scratch,
		   snr_read_file read_file, int cwd, int dirfd, const char *path, size_t len,
		   struct snr_lookup lookup, struct snr_exec_plan *plan)
{
	struct exec_walk walk = {redirector, scratch, read_file, plan, cwd, plan->real};
	bool changed = false;

	plan->error = 0;
	plan->kind = SNR_EXEC_UNKNOWN;
	plan->libc = SNR_LIBC_OTHER;
	plan->native = false;
	plan->sanitized = false;
	plan->elf_class = 0;
	plan->machine = 0;
	plan->rule = SNR_NO_RULE;
	plan->nshebang = 0;
	plan->by_descriptor = !len;
	plan->from_directory = len && path[0] != '/' && dirfd != AT_FDCWD;
	plan->by_loader = false;
	plan->keeps_name = false;
	plan->changed = false;
	plan->loaded[0] = '\0';
	if (len || lookup.may_be_empty) {
		int start = dirfd == AT_FDCWD ? cwd : dirfd;

		plan->native = snr_exec_is_native(redirector, scratch, start, path, len, lookup,
						  plan->loaded);
		changed = resolve_image(&walk, start, path, len, lookup);
		write_script_name(plan, dirfd, path, len);
		while (!plan->native && !plan->error && look_at(&walk, &changed))
			;
	}
	if (cwd != AT_FDCWD) {
		leave_descriptor(cwd, plan->real);
		leave_descriptor(cwd, plan->loaded);
	}
	plan->changed = changed;
	/* An error on the kernel's own way is the kernel's to find. */
	if (!changed) {
		plan->error = 0;
		plan->nshebang = 0;
	}
}

bool snr_exec_needs_descriptor(const struct snr_exec_plan *plan)
{
	return goes_by_descriptor(plan) && plan->nshebang > plan->by_loader;
}

bool snr_exec_names_file(const char *release)
{
	size_t len = snr_length(release);
	size_t major = snr_digits(release, len), minor;

	if (!major || release[major] != '.')
		return false;
	minor = snr_digits(release + major + 1, len - major - 1);
	return snr_number(release, major) > 6 ||
	       (snr_number(release, major) == 6 && snr_number(release + major + 1, minor) >= 14);
}

const char *snr_exec_unseen(const struct snr_exec_plan *plan, bool has_shim)
{
	if (plan->kind == SNR_EXEC_STATIC)
		return "is a static program, which engine preload does not redirect";
	if (plan->kind == SNR_EXEC_DYNAMIC && plan->libc != SNR_LIBC_GLIBC)
		return "uses another libc than glibc, so engine preload does not redirect it";
	if (plan->kind == SNR_EXEC_DYNAMIC && !has_shim)
		return "is a program for which no shim is installed, so engine preload does not "
		       "redirect it";
	return NULL;
}

int snr_exec_argv(const struct snr_exec_plan *plan, const char *front[SNR_EXEC_FRONT])
{
	int n = 0;

	if (!plan->nshebang)
		return 0;
	for (int i = plan->nshebang - 1; i >= 0; i--) {
		front[n++] = plan->shebang[i].line;
		if (plan->shebang[i].argument)
			front[n++] = plan->shebang[i].line + plan->shebang[i].argument;
		if (n == 1 && plan->keeps_name) {
			front[n++] = "--argv0";
			front[n++] = i ? plan->shebang[i - 1].line : NULL;
		}
	}
	front[n++] = plan->script;
	if (plan->loaded[0])
		front[plan->keeps_name ? 3 : 1] = plan->loaded;
	return n;
}
