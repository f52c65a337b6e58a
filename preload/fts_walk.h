/* SPDX-License-Identifier: MIT
 * One form of fts(3): by_hand_fts.c includes this once for FTS and once for FTS64, with TREE,
 * ENTRY, STAT and FN(name) defined. The fields are fts.h's, public and never changed; what stands
 * in them at each step is what glibc puts there for a program that asked for FTS_NOCHDIR.
 * It must never change the working directory.
 */

static ENTRY *FN(entry)(TREE *tree, const char *name, size_t len)
{
	size_t size = (offsetof(ENTRY, fts_name) + len + 1 + 15) & ~(size_t)15;
	bool stat = !(tree->fts_options & FTS_NOSTAT);
	ENTRY *entry = malloc(size + (stat ? sizeof(STAT) : 0));

	if (!entry)
		return NULL;
	*entry = (ENTRY){.fts_namelen = (unsigned short)len,
			 .fts_path = tree->fts_path,
			 .fts_instr = FTS_NOINSTR};
	snr_copy(entry->fts_name, name, len);
	entry->fts_name[len] = '\0';
	entry->fts_statp = stat ? (STAT *)(void *)((char *)entry + size) : NULL;
	return entry;
}

static void FN(free_list)(ENTRY *entry)
{
	while (entry) {
		ENTRY *next = entry->fts_link;

		free(entry);
		entry = next;
	}
}

static bool FN(is_dot)(const ENTRY *entry)
{
	return snr_is_dot(entry->fts_name, entry->fts_namelen) ||
	       snr_is_dotdot(entry->fts_name, entry->fts_namelen);
}

static unsigned short FN(look_at_directory)(ENTRY *entry, const struct stat64 *st)
{
	entry->fts_dev = st->st_dev;
	entry->fts_ino = st->st_ino;
	entry->fts_nlink = st->st_nlink;
	if (FN(is_dot)(entry))
		return FTS_DOT;
	for (ENTRY *above = entry->fts_parent; above->fts_level >= FTS_ROOTLEVEL;
	     above = above->fts_parent) {
		if (above->fts_ino == entry->fts_ino && above->fts_dev == entry->fts_dev) {
			entry->fts_cycle = above;
			return FTS_DC;
		}
	}
	return FTS_D;
}

static unsigned short FN(look)(const TREE *tree, ENTRY *entry, bool follow)
{
	struct stat64 st = {0};
	long error;

	follow |= (tree->fts_options & FTS_LOGICAL) != 0;
	error = shim_stat(entry->fts_accpath, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW);
	if (error && follow && shim_stat(entry->fts_accpath, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (entry->fts_statp)
			*entry->fts_statp = FN(stat)(&st);
		return FTS_SLNONE;
	}
	if (error)
		st = (struct stat64){0};
	if (entry->fts_statp)
		*entry->fts_statp = FN(stat)(&st);
	if (error) {
		entry->fts_errno = (int)-error;
		return FTS_NS;
	}
	if (S_ISDIR(st.st_mode))
		return FN(look_at_directory)(entry, &st);
	return S_ISLNK(st.st_mode) ? FTS_SL : S_ISREG(st.st_mode) ? FTS_F : FTS_DEFAULT;
}

/* The list HEAD of N entries in the program's order. */
static ENTRY *FN(sort)(TREE *tree, ENTRY *head, size_t n)
{
	ENTRY **array;
	size_t i = 0;

	if (!tree->fts_compar || n < 2)
		return head;
	array = realloc(tree->fts_array, n * sizeof(*array));
	if (!array)
		return head;
	tree->fts_array = array;
	tree->fts_nitems = (int)n;
	for (ENTRY *entry = head; entry; entry = entry->fts_link)
		array[i++] = entry;
	qsort(array, n, sizeof(*array), tree->fts_compar);
	for (i = 0; i + 1 < n; i++)
		array[i]->fts_link = array[i + 1];
	array[n - 1]->fts_link = NULL;
	return array[0];
}

/* Where a name behind ENTRY's path begins: its slash. */
static size_t FN(end_of)(const ENTRY *entry)
{
	size_t len = entry->fts_pathlen;

	return len && entry->fts_path[len - 1] == '/' ? len - 1 : len;
}

/* One name of the directory CURRENT. NULL with errno set. */
static ENTRY *FN(child)(TREE *tree, ENTRY *current, const struct dirent64 *found, bool names_only)
{
	size_t len = snr_length(found->d_name), start = FN(end_of)(current) + 1;
	ENTRY *entry = FN(entry)(tree, found->d_name, len);
	bool known = found->d_type != DT_DIR && found->d_type != DT_UNKNOWN;

	if (!entry)
		return NULL;
	if (start + len >= (size_t)tree->fts_pathlen) {
		free(entry);
		shim_fail(-ENAMETOOLONG);
		return NULL;
	}
	entry->fts_level = (short)(current->fts_level + 1);
	entry->fts_parent = current;
	entry->fts_pathlen = (unsigned short)(start + len);
	entry->fts_accpath = entry->fts_path;
	snr_copy(tree->fts_path + start, entry->fts_name, len + 1);
	if (names_only ||
	    ((tree->fts_options & FTS_NOSTAT) && (tree->fts_options & FTS_PHYSICAL) && known))
		entry->fts_info = FTS_NSOK;
	else
		entry->fts_info = FN(look)(tree, entry, false);
	return entry;
}

/* What is in DIRECTORY. False: the tree has stopped. */
static bool FN(read)(TREE *tree, ENTRY *current, DIR *directory, bool names_only, ENTRY **head,
		     size_t *n)
{
	ENTRY **place = head;
	struct dirent64 *found;

	tree->fts_path[FN(end_of)(current)] = '/';
	while ((found = readdir64(directory))) {
		size_t len = snr_length(found->d_name);

		if (!(tree->fts_options & FTS_SEEDOT) &&
		    (snr_is_dot(found->d_name, len) || snr_is_dotdot(found->d_name, len)))
			continue;
		*place = FN(child)(tree, current, found, names_only);
		if (!*place) {
			FN(free_list)(*head);
			*head = NULL;
			current->fts_info = FTS_ERR;
			tree->fts_options |= FTS_STOP;
			return false;
		}
		place = &(*place)->fts_link;
		++*n;
	}
	return true;
}

/* libc goes into a directory before it reads on, unless that is not wanted or there is nothing to
 * look at: the names in one that cannot be searched are not seen. */
static bool FN(may_enter)(TREE *tree, ENTRY *current, bool reading, bool names_only)
{
	int usual = tree->fts_options & FTS_SEEDOT ? 0 : 2;
	bool look = !names_only;
	long error;

	if ((tree->fts_options & FTS_NOSTAT) && (tree->fts_options & FTS_PHYSICAL))
		look = look && (int)current->fts_nlink != usual;
	if ((tree->fts_options & STAYS) || (!look && !reading))
		return true;
	error = shim_access(current->fts_accpath, X_OK);
	if (!error)
		return true;
	if (look && reading)
		current->fts_errno = (int)-error;
	shim_fail(error);
	return false;
}

/* The entries of the current directory; READING: the walk goes down into it. NULL: none, or an
 * error that its fts_info tells. */
static ENTRY *FN(build)(TREE *tree, bool reading, bool names_only)
{
	ENTRY *current = tree->fts_cur, *head = NULL;
	DIR *directory = opendir(current->fts_accpath);
	bool whole = true;
	size_t n = 0;

	if (!directory) {
		if (reading) {
			current->fts_info = FTS_DNR;
			current->fts_errno = errno;
		}
		return NULL;
	}
	if (FN(may_enter)(tree, current, reading, names_only))
		whole = FN(read)(tree, current, directory, names_only, &head, &n);
	closedir(directory);
	tree->fts_path[current->fts_pathlen] = '\0';
	if (!n && whole && reading)
		current->fts_info = FTS_DP;
	return head ? FN(sort)(tree, head, n) : NULL;
}

/* Begin at the top ENTRY: its path is the program's word, its name the last component. */
static ENTRY *FN(load)(TREE *tree, ENTRY *entry)
{
	size_t len = entry->fts_namelen, start = len;

	entry->fts_pathlen = (unsigned short)len;
	snr_copy(tree->fts_path, entry->fts_name, len + 1);
	while (start && entry->fts_name[start - 1] != '/')
		start--;
	if (start && (start > 1 || start < len)) {
		snr_move(entry->fts_name, entry->fts_name + start, len - start + 1);
		entry->fts_namelen = (unsigned short)(len - start);
	}
	entry->fts_accpath = entry->fts_path = tree->fts_path;
	tree->fts_dev = entry->fts_dev;
	return tree->fts_cur = entry;
}

static int FN(close)(TREE *tree)
{
	ENTRY *entry = tree->fts_cur;

	while (entry) {
		ENTRY *next = entry->fts_link ? entry->fts_link : entry->fts_parent;

		free(entry);
		entry = next;
	}
	FN(free_list)(tree->fts_child);
	free(tree->fts_array);
	free(tree->fts_path);
	free(tree);
	return 0;
}

/* The tops, in the program's order. False with errno set. */
static bool FN(tops)(TREE *tree, ENTRY *parent, char *const *paths, ENTRY **head)
{
	ENTRY **place = head;
	size_t n = 0;

	for (; *paths; paths++, n++) {
		size_t len = snr_length(*paths);
		ENTRY *entry = NULL;

		if (!len || len >= (size_t)tree->fts_pathlen)
			shim_fail(len ? -ENAMETOOLONG : -ENOENT);
		else
			entry = FN(entry)(tree, *paths, len);
		if (!entry)
			return false;
		*place = entry;
		place = &entry->fts_link;
		entry->fts_level = FTS_ROOTLEVEL;
		entry->fts_parent = parent;
		entry->fts_accpath = entry->fts_name;
		entry->fts_info = FN(look)(tree, entry, (tree->fts_options & FTS_COMFOLLOW) != 0);
		if (entry->fts_info == FTS_DOT)
			entry->fts_info = FTS_D;
	}
	*head = FN(sort)(tree, *head, n);
	return true;
}

static TREE *FN(open)(char *const *paths, int options, FN(compare) compare)
{
	TREE *tree = calloc(1, sizeof(*tree));
	ENTRY *parent = NULL, *first = NULL, *tops = NULL;

	if (!tree)
		return NULL;
	tree->fts_options = options | FTS_NOCHDIR;
	if (options & (FTS_NOCHDIR | FTS_LOGICAL))
		tree->fts_options |= STAYS;
	tree->fts_compar = (int (*)(const void *, const void *))(void *)compare;
	tree->fts_rfd = OURS;
	tree->fts_pathlen = USHRT_MAX; /* no path of an entry can be longer */
	tree->fts_path = malloc((size_t)tree->fts_pathlen + 2);
	if (tree->fts_path) {
		parent = FN(entry)(tree, "", 0);
		first = FN(entry)(tree, "", 0);
	}
	if (parent && first) {
		parent->fts_level = FTS_ROOTPARENTLEVEL;
		if (FN(tops)(tree, parent, paths, &tops) && tops) {
			first->fts_parent = parent;
			first->fts_link = tops;
			first->fts_info = FTS_INIT;
			tree->fts_cur = first;
			return tree;
		}
	}
	FN(free_list)(tops);
	free(parent);
	free(first);
	FN(close)(tree);
	return NULL;
}

/* Put ENTRY's path behind its parent's. */
static ENTRY *FN(step_to)(TREE *tree, ENTRY *entry)
{
	size_t end = FN(end_of)(entry->fts_parent);

	tree->fts_path[end] = '/';
	snr_copy(tree->fts_path + end + 1, entry->fts_name, entry->fts_namelen + 1u);
	return tree->fts_cur = entry;
}

/* What comes behind ENTRY, which has been seen with all that is in it. */
static ENTRY *FN(step_on)(TREE *tree, ENTRY *entry)
{
	ENTRY *next;

	for (; (next = entry->fts_link); entry = next) {
		free(entry);
		if (next->fts_level == FTS_ROOTLEVEL)
			return FN(load)(tree, next);
		if (next->fts_instr == FTS_SKIP)
			continue;
		FN(step_to)(tree, next);
		if (next->fts_instr == FTS_FOLLOW) {
			next->fts_info = FN(look)(tree, next, true);
			next->fts_instr = FTS_NOINSTR;
		}
		return next;
	}
	next = entry->fts_parent;
	free(entry);
	if (next->fts_level == FTS_ROOTPARENTLEVEL) {
		free(next);
		errno = 0; /* fts_read(3): so the end is told from an error */
		return tree->fts_cur = NULL;
	}
	tree->fts_path[next->fts_pathlen] = '\0';
	next->fts_info = next->fts_errno ? FTS_ERR : FTS_DP;
	return tree->fts_cur = next;
}

static void FN(drop_children)(TREE *tree)
{
	FN(free_list)(tree->fts_child);
	tree->fts_child = NULL;
}

static ENTRY *FN(next)(TREE *tree)
{
	ENTRY *entry = tree->fts_cur;
	int wish;

	if (!entry || (tree->fts_options & FTS_STOP))
		return NULL;
	wish = entry->fts_instr;
	entry->fts_instr = FTS_NOINSTR;
	if (wish == FTS_AGAIN ||
	    (wish == FTS_FOLLOW && (entry->fts_info == FTS_SL || entry->fts_info == FTS_SLNONE))) {
		entry->fts_info = FN(look)(tree, entry, wish == FTS_FOLLOW);
		return entry;
	}
	if (entry->fts_info != FTS_D)
		return FN(step_on)(tree, entry);
	if (wish == FTS_SKIP ||
	    ((tree->fts_options & FTS_XDEV) && entry->fts_dev != tree->fts_dev)) {
		FN(drop_children)(tree);
		entry->fts_info = FTS_DP;
		return entry;
	}
	if (tree->fts_options & FTS_NAMEONLY) {
		tree->fts_options &= ~FTS_NAMEONLY;
		FN(drop_children)(tree);
	}
	if (!tree->fts_child)
		tree->fts_child = FN(build)(tree, true, false);
	if (!tree->fts_child)
		return tree->fts_options & FTS_STOP ? NULL : entry;
	entry = tree->fts_child;
	tree->fts_child = NULL;
	return FN(step_to)(tree, entry);
}

static ENTRY *FN(children)(TREE *tree, int what)
{
	ENTRY *entry = tree->fts_cur;

	if (what && what != FTS_NAMEONLY) {
		shim_fail(-EINVAL);
		return NULL;
	}
	errno = 0;
	if (!entry || (tree->fts_options & FTS_STOP))
		return NULL;
	if (entry->fts_info == FTS_INIT)
		return entry->fts_link;
	if (entry->fts_info != FTS_D)
		return NULL;
	FN(drop_children)(tree);
	if (what == FTS_NAMEONLY)
		tree->fts_options |= FTS_NAMEONLY;
	return tree->fts_child = FN(build)(tree, false, what == FTS_NAMEONLY);
}

#undef TREE
#undef ENTRY
#undef STAT
#undef FN
