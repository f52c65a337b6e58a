/* SPDX-License-Identifier: MIT
 * The rules image: what the launcher compiled, as the shim and the tracer map it. Read-only,
 * offsets only, no pointers. Everybody may read it; only launcher/rules_compile.c writes one.
 */
#ifndef SNR_RULES_H
#define SNR_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SNR_IMAGE_MAGIC   0x52494452504e53ull /* "SNPRDIR" */
#define SNR_IMAGE_VERSION 3u
#define SNR_MAX_RULES     65536u
#define SNR_PATH_MAX      4096 /* the kernel's PATH_MAX, NUL included */
#define SNR_NO_RULE       UINT32_MAX

/* The environment variable by which a new image of a process finds the rules: "FD:PID", the number
 * of an inherited descriptor of the memfd, and a process that holds it too (the one that called
 * exec), for programs whose descriptors were closed on the way: /proc/PID/fd/FD. What follows in
 * "FD:PID:LENGTH:NAME..." is for the shim, which cuts it off: NAME, LENGTH bytes, is what the
 * program was executed as, where the kernel was told something else (a target, the interpreter of
 * an unrolled script), and goes where the program looks for it (AT_EXECFN, comm); behind it is the
 * program's own "LD_LIBRARY_PATH=...", where ld.so was told real directories. */
#define SNR_IMAGE_ENV "SNAPREDIR_IMAGE"
/* Descriptors of ours live here or, under a lower RLIMIT_NOFILE, as high as it allows. */
#define SNR_FD_BASE 1000

/* Two families. The mount-like kinds say where a path lies: of those that cover a path the one with
 * the longest path of its own decides. The verdict kinds say what happens to calls that name a
 * path, whatever lies there; several of them may hold for one path. */
enum snr_kind {
	SNR_BIND = 1,
	SNR_PARENT, /* not written by anybody: a directory above a rule that is not on the disk */
	SNR_OVERLAY,
	SNR_SYMLINK,
	SNR_TMPFS,
	SNR_PREFIX,
	SNR_READONLY, /* mount-like where its path is plain, a verdict where it is a pattern */
	SNR_HIDE,     /* verdicts from here on */
	SNR_DENY,
	SNR_FAULT,
	SNR_NATIVE,
	SNR_KINDS
};
#define SNR_KIND_BIT(kind) (1u << (kind))

/* What a `fault` makes fail: one bit an operation. */
enum snr_fault_op {
	SNR_FAULT_OPEN = 1 << 0,
	SNR_FAULT_READ = 1 << 1,
	SNR_FAULT_WRITE = 1 << 2,
	SNR_FAULT_PREAD = 1 << 3,
	SNR_FAULT_PWRITE = 1 << 4,
	SNR_FAULT_FSYNC = 1 << 5,
	SNR_FAULT_CLOSE = 1 << 6,
	SNR_FAULT_RENAME = 1 << 7,
	SNR_FAULT_UNLINK = 1 << 8,
	SNR_FAULT_MKDIR = 1 << 9,
};

enum snr_engine { SNR_ENGINE_AUTO, SNR_ENGINE_PRELOAD, SNR_ENGINE_TRACE, SNR_ENGINE_HYBRID };

enum snr_rule_flag {
	SNR_RULE_MISSING = 1 << 0,     /* the target was not there when the rules were compiled */
	SNR_RULE_TARGET_DIR = 1 << 1,  /* the target was a directory then */
	SNR_RULE_PATH_EXISTS = 1 << 2, /* something is there on the disk at the rule's path, too */
	SNR_RULE_GLOB = 1 << 3,        /* the path is a pattern (shared/verdict.h) */
	SNR_RULE_SEEDED = 1 << 4,      /* fault: at random, by fault.seed */
};

enum snr_image_flag {
	SNR_IMAGE_STRICT = 1 << 0, /* --strict-resolution: remember nothing about links */
	SNR_IMAGE_LOG_JSON = 1 << 1,
	SNR_IMAGE_IO_URING = 1 << 2,  /* --io-uring=allow: it is let through, unseen */
	SNR_IMAGE_LIBRARIES = 1 << 3, /* a rule may lead to libraries (shared/libraries.h) */
	/* ... and ld.so looks there for every program's */
	SNR_IMAGE_SYSTEM_LIBRARIES = 1 << 4,
	SNR_IMAGE_UNMOUNTED = 1 << 5, /* some rule's path is not on the disk: set by the compiler */
};

/* A string in the image: offset of its first byte and its length; a NUL follows it. */
struct snr_text {
	uint32_t off;
	uint32_t len;
};

/* `fault ... [N/M]`: N calls in M fail. */
struct snr_fault {
	uint32_t ops;    /* enum snr_fault_op */
	uint32_t n;      /* 1/1 where nothing was said */
	uint32_t m;      /* never 0 in a fault */
	uint32_t amount; /* short=AMOUNT, where the rule has no error */
	uint32_t seed;
};

struct snr_rule {
	struct snr_text
		path; /* as the program says it; absolute, no dots, no links, no trailing slash */
	struct snr_text target; /* mount-like: where it leads; absolute, links resolved as far as it
				   exists. Verdicts: empty */
	struct snr_text text;   /* symlink: what the link says; prefix: the prefix; overlay: what
				   lies beneath it, where its path is on the disk */
	struct snr_text file;   /* where the rule was written: a file name, "-m", ... */
	uint32_t line;          /* ... and the line in it, 0 for an option */
	uint8_t kind;           /* enum snr_kind */
	uint8_t flags;          /* enum snr_rule_flag */
	uint16_t error;         /* deny, fault: the errno, positive; 0: fault.amount */
	uint32_t next;  /* verdicts without a pattern: the next one of the same path, of a higher
			   index, or SNR_NO_RULE */
	uint32_t under; /* readonly: the rule, no readonly itself, that says where the path lies, if
			   the target alone does not (overlay, prefix); else SNR_NO_RULE */
	struct snr_fault fault;
};

enum snr_entry_flag {
	SNR_ENTRY_BENEATH = 1 << 0,  /* rules of any kind lie beneath */
	SNR_ENTRY_PATTERNS = 1 << 1, /* here a pattern begins: what is beneath may match it */
};

/* An entry of either table. Open addressing, linear probing, hash 0 is an empty slot. */
struct snr_entry {
	uint64_t hash;
	uint32_t rule; /* index of the mount-like rule of just this path, or SNR_NO_RULE: a proper
			  ancestor of rules only */
	uint32_t ancestor; /* 0, or mount-like rules lie beneath: 1 + index of the first snr_child
			      (paths only) */
	uint32_t verdict;  /* the first verdict of just this path, or SNR_NO_RULE (paths only) */
	uint32_t flags;    /* enum snr_entry_flag */
};

/* A name in a directory that leads to a rule. Those of one directory lie side by side. */
struct snr_child {
	struct snr_text name; /* no NUL follows: a piece of the path of ... */
	uint32_t rule;        /* ... this rule, the first that it leads to */
	uint32_t last;        /* 1: the directory's last one */
};

struct snr_image {
	uint64_t magic;
	uint64_t stats_cookie; /* at the head of the memory that STATS names */
	uint32_t version;
	uint32_t size; /* of everything, bytes */
	uint32_t flags;
	uint32_t nrules;
	uint32_t rules_off;
	uint32_t path_table_off;   /* struct snr_entry[path_slots]: the rules' paths and their
				      ancestors */
	uint32_t path_slots;       /* a power of two, at most half full */
	uint32_t target_table_off; /* struct snr_entry[target_slots]: the rules' targets and their
				      ancestors */
	uint32_t target_slots;
	uint32_t point_table_off; /* struct snr_entry[point_slots]: where the rules' paths lie on
				     the disk (beneath another rule: in its target), and their
				     ancestors */
	uint32_t point_slots;
	uint32_t children_off; /* struct snr_child[nchildren] */
	uint32_t nchildren;
	uint32_t names_off; /* uint64_t[names_words]: Bloom filter of the hashes of the rules' last
			       components */
	uint32_t names_words; /* a power of two */
	uint32_t kinds;       /* SNR_KIND_BIT of each kind that some rule is of */
	uint32_t globs_off;   /* uint32_t[nglobs]: rules whose path is a pattern */
	uint32_t nglobs;
	uint8_t engine;  /* enum snr_engine: what was chosen, never AUTO once a program runs */
	uint8_t verbose; /* 0, 1, 2 */
	uint8_t watched; /* every call is to be planned: it is logged, counted, or recorded */
	uint8_t reserved;
	struct snr_text log;    /* absolute path of the log file; empty: standard error */
	struct snr_text record; /* "/proc/PID/fd/N" of the pipe for records (record.h); empty: none
				 */
	uint32_t record_inode;  /* ... and its inode, by which it is told from others */
	struct snr_text shim64; /* absolute path of the shim for 64-bit programs; empty: none */
	struct snr_text shim32;
	struct snr_text launcher; /* absolute path of the launcher itself */
	struct snr_text
		stats;       /* where the memory of --stats is opened; empty: nothing is counted */
	struct snr_text run; /* real path of the directory of the run; empty: none */
	uint32_t run_fd;     /* a descriptor of its file, which programs inherit */
	uint32_t fault_ops;  /* enum snr_fault_op of all rules */
	/* What the launcher was started with, for `native` programs: strings with a NUL behind each
	 * (but the text's own behind the last), so many. */
	struct snr_text environment;
	uint32_t environment_count;
	uint32_t strings_off;
	uint32_t strings_size;
};

static inline const struct snr_rule *snr_rule(const struct snr_image *image, uint32_t index)
{
	return (const struct snr_rule *)((const char *)image + image->rules_off) + index;
}

/* Is any rule of one of KINDS, SNR_KIND_BITs, there? */
static inline bool snr_has_kind(const struct snr_image *image, uint32_t kinds)
{
	return (image->kinds & kinds) != 0;
}

static inline const char *snr_string(const struct snr_image *image, struct snr_text text)
{
	return (const char *)image + text.off;
}

/* Is the SIZE bytes at IMAGE an image that this build understands, whole and consistent? Checks
 * every offset, so that whoever reads it later need not. Returns 0, -EPROTO for another version,
 * -EINVAL for anything else. */
int snr_image_check(const void *image, size_t size);

#endif
