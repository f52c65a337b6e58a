# SPDX-License-Identifier: MIT
"""Random scripts for the exerciser: operations on names chosen to collide.

Used by the driver. The same seed, count and world give the same script. It must never look at the
disk: what happens is the exerciser's business, this only guesses where it may be.
"""
import posixpath
import random

NAMES = ['a', 'b', 'd', 'f', 'x', 'y', 'lib', 'sub', 'new', 'plug', 'vendor', 'side', 'conf',
         'data', 'inner', 'up', 'self', 'bin']
OPEN_FLAGS = ['O_RDONLY'] * 6 + [
    'O_RDONLY|O_NOFOLLOW', 'O_RDONLY|O_DIRECTORY', 'O_PATH', 'O_PATH', 'O_PATH|O_NOFOLLOW',
    'O_PATH|O_DIRECTORY', 'O_RDWR', 'O_WRONLY', 'O_WRONLY|O_CREAT', 'O_WRONLY|O_CREAT',
    'O_RDWR|O_CREAT|O_EXCL', 'O_WRONLY|O_CREAT|O_EXCL', 'O_WRONLY|O_CREAT|O_TRUNC',
    'O_WRONLY|O_TRUNC', 'O_WRONLY|O_APPEND', 'O_RDWR|O_CREAT|O_NOFOLLOW', 'O_RDONLY|O_CREAT',
    'O_RDWR|O_TMPFILE', 'O_RDONLY|O_DIRECTORY|O_NOFOLLOW']
KEEP_FLAGS = ['O_RDONLY|O_DIRECTORY', 'O_PATH', 'O_PATH|O_DIRECTORY', 'O_RDONLY']
MODES = ['0644', '0755', '0600', '0777', '0700', '0444']
SLOTS = 6
NOT_OVER_OVERLAYS = {'fstat', 'change'}  # a descriptor stays on its layer
ONLY_OVER_OVERLAYS = {'held'}
HELD = ['chmod', 'chown', 'times', 'set', 'remove', 'named-chmod', 'named-times', 'named-set', 'truncate',
        'append', 'rewrite']
CHANGES = ['mode', 'owner', 'times', 'attribute', 'size', 'space', 'empty']
# A descriptor of a directory that only rules make is one of another file system.
CHANGES_ON_DISK = CHANGES + ['flags', 'unnamed']
PROGRAM = '%R/../prog'  # the reporter as it was built, beside the world


class Options:
    """What is left out or in: see README.md of this folder."""

    def __init__(self, **given):
        self.own_names = False  # targets by their real names, too
        self.barred = False  # directories above rules without search permission, too
        self.without = ()  # kinds of operations
        self.__dict__.update(given)


class Generator:
    def __init__(self, world, seed, options=None):
        self.rng = random.Random('ops %d' % seed)
        self.confined = random.Random('confined %d' % seed)
        self.world = world
        self.options = options or Options()
        self.cwd = ''
        self.slots = [''] * SLOTS
        self.known, self.dirs = [], []
        for e in world.entries:
            names = self.names(e)
            if self.options.own_names:
                names = names + [e.path]
            for name in names:
                self.known.append(name)
                if e.kind == 'd':
                    self.dirs.append(name)
        rule_paths = [p for p, _ in world.rules if not p.startswith('real/')]
        self.rule_paths = rule_paths
        # Rules and what lies above them more often than anything else.
        self.known += [p for p in rule_paths if p not in self.known] + rule_paths * 3
        self.known += [p for p in world.rule_ancestors() if not p.startswith('real')]
        self.dirs += [p for p in rule_paths if p not in self.dirs] + rule_paths
        # In an overlay it would be one of the layers.
        self.roots = [d for d in self.dirs if d not in world.rule_ancestors() and
                      not any((d + '/').startswith(o + '/') for o in world.overlays)]
        self.programs = [(e, n) for e in world.entries if '/bin/' in e.path
                         for n in self.names(e)]
        self.lines = []
        self.number = 0
        without = set(self.options.without)
        without |= NOT_OVER_OVERLAYS if world.overlays else ONLY_OVER_OVERLAYS
        self.kinds, self.weights = zip(*[(k, w) for k, w in WEIGHTS if k not in without])

    # ---- names ----

    def names(self, entry):
        return [n for n in self.world.virtual_paths(entry.path) if n.split('/')[0] != 'real']

    def target(self):
        """A name relative to the root, without decorations."""
        rng, path = self.rng, self.rng.choice(self.known)
        r = rng.random()
        if r < 0.22:
            path += '/' + rng.choice(NAMES)
        elif r < 0.28:
            path += '/' + rng.choice(NAMES) + '/' + rng.choice(NAMES)
        elif r < 0.45 and '/' in path:
            path = path.rpartition('/')[0] + '/' + rng.choice(NAMES)
        return path

    def relative(self, path, start):
        text = posixpath.relpath('/' + path, '/' + start)
        r = self.rng.random()
        if r < 0.08:  # just somewhere from here
            text = '/'.join(self.rng.choice(NAMES + ['..', '..'])
                            for _ in range(self.rng.randint(1, 3)))
        elif r < 0.16:  # the last names only
            text = '/'.join(path.split('/')[-self.rng.randint(1, 2):])
        return text

    def decorate(self, path):
        rng = self.rng
        if rng.random() > 0.25 or not path:
            return path
        parts = path.split('/')
        at = rng.randrange(len(parts)) + 1
        r = rng.random()
        if r < 0.15:
            parts.insert(at, '.')
        elif r < 0.3:
            parts.insert(at, '')
        elif r < 0.45:  # there and back
            parts[at:at] = ['..', parts[at - 1] or '.']
        elif r < 0.6:
            parts[at:at] = [rng.choice(NAMES), '..']
        elif r < 0.7:
            parts.append('')
        elif r < 0.78:
            parts.append('.')
        elif r < 0.9:
            parts.append('..')
        elif r < 0.93:
            parts.append('/')
        elif r < 0.95:
            parts.append('n' * rng.choice([255, 256]))
        elif r < 0.97:  # near PATH_MAX: the root's own length decides on which side
            parts[at:at] = ['.'] * rng.choice([1800, 2000, 2015, 2025, 2040, 2048])
        else:
            parts[0:0] = ['..'] if not path.startswith('%R') else []
        return '/'.join(parts)

    def special(self):
        rng = self.rng
        return rng.choice(['', '.', '..', './', '../', '/', '%R', '%R/', '%NULL', '%BAD',
                           '/proc/self/cwd', '/proc/self/cwd/' + rng.choice(NAMES),
                           '/proc/self/fd/%d' % (100 + rng.randrange(SLOTS)),
                           '/proc/self/fd/%d/%s' % (100 + rng.randrange(SLOTS),
                                                    rng.choice(NAMES)),
                           '/proc/self/cwd/..', '/proc/self/root%R/' + self.target(),
                           '/dev/null', '/proc/self/exe'])

    def path(self, relative_to=None):
        """A path argument, absolute or relative to RELATIVE_TO (the cwd)."""
        rng = self.rng
        if rng.random() < 0.04:
            return self.special()
        path = self.target()
        if rng.random() < 0.5:
            return self.decorate('%R/' + path)
        return self.decorate(self.relative(path, self.cwd if relative_to is None
                                           else relative_to))

    def plain_path(self):
        """For calls that a bad pointer would crash inside libc."""
        while True:
            path = self.path()
            if path not in ('%NULL', '%BAD'):
                return path

    def readable(self, pair):
        return ('-', '.') if pair[1] in ('%NULL', '%BAD') else pair

    def at(self):
        """DIRFD and PATH of an at-call."""
        rng = self.rng
        r = rng.random()
        if r < 0.02:
            return 'bad', self.path()
        if r < 0.35:
            return 'cwd', self.path()
        slot = rng.randrange(SLOTS)
        if rng.random() < 0.8:
            return str(slot), self.decorate(self.relative(self.target(), self.slots[slot]))
        return str(slot), self.path(self.slots[slot])

    def maybe_at(self, chance=0.4):
        if self.rng.random() < chance:
            return self.at()
        return '-', self.path()

    def link_text(self):
        rng = self.rng
        r = rng.random()
        if r < 0.35:
            return self.decorate('%R/' + self.target())
        if r < 0.75:
            return self.decorate(self.relative(self.target(), rng.choice(self.dirs)))
        if r < 0.85:
            return '/'.join(rng.choice(NAMES + ['..', '..'])
                            for _ in range(rng.randint(1, 4)))
        return rng.choice(['.', '..', '', '../..', 'self', 'f', '/', '/proc/self/cwd', '%R',
                           'y/' * 30 + 'x', '/dev/null'])

    # ---- lines ----

    def emit(self, kind, *args, raw=None):
        if raw is None:
            raw = self.rng.random() < 0.35
        self.number += 1
        if self.world.overlays:  # a descriptor stays on its layer
            args = ['0' if a == 'AT_EMPTY_PATH' else a for a in args]
            if kind in ('chmod', 'mkdir'):  # the program's rights must do, and a tracer's
                args[-1] = '%04o' % (int(args[-1], 8) | 0o711)
        self.lines.append('\t'.join([str(self.number), 'S' if raw else 'L', kind,
                                     *[str(a) for a in args]]))

    def restore(self):
        """Put back something of the world, so that it does not wear out."""
        e = self.rng.choice(self.world.entries)
        names = self.names(e)
        if names:
            self.put_back(e, '%R/' + self.rng.choice(names))

    def put_back(self, e, path):
        if e.kind == 'd':
            self.emit('mkdir', '-', path, '0755')
            self.emit('chmod', '-', path, '%04o' % e.mode)
        elif e.kind == 'l':
            if self.rng.random() < 0.5:
                self.emit('unlink', path)
            self.emit('symlink', e.data, '-', path)
        elif e.kind == 'n':
            self.emit('mkfifo', '-', path, '0666')
        elif e.kind == 'p':
            self.emit('install', PROGRAM, path, '%04o' % e.mode)
        else:
            self.emit('write', path, e.data.replace('\n', '\\n'), '%04o' % e.mode)

    def chdir(self):
        if self.rng.random() < 0.75:
            self.cwd = self.rng.choice(self.dirs)
            self.emit('chdir', '%R/' + self.cwd)
        else:
            self.emit('chdir', self.path())

    def keep(self):
        rng = self.rng
        slot = rng.randrange(SLOTS)
        if rng.random() < 0.8:
            self.slots[slot] = rng.choice(self.dirs)
            self.emit('keep', slot, '-', '%R/' + self.slots[slot], rng.choice(KEEP_FLAGS))
        else:
            self.emit('keep', slot, *self.maybe_at(), rng.choice(KEEP_FLAGS))

    def fchdir(self):
        slot = self.rng.randrange(SLOTS)
        self.cwd = self.slots[slot]
        self.emit('fchdir', slot)

    def open(self):
        self.emit('open', *self.maybe_at(), self.rng.choice(OPEN_FLAGS), self.rng.choice(MODES))

    def openat2(self):
        rng = self.rng
        resolve = rng.choice(['0', '0', '0', 'RESOLVE_NO_SYMLINKS', 'RESOLVE_NO_MAGICLINKS',
                              'RESOLVE_NO_XDEV'])
        if resolve == '0':
            resolve = self.confined.choice(['0', 'RESOLVE_BENEATH', 'RESOLVE_IN_ROOT'])
        self.emit('openat2', *self.at(), rng.choice(OPEN_FLAGS), '0644', resolve)

    def pair(self):
        """Two names for rename and link."""
        rng = self.rng
        first, second = self.maybe_at(), self.maybe_at()
        r = rng.random()
        if r < 0.2:  # within one directory: the usual case
            name = posixpath.dirname(first[1])
            second = first[0], (name + '/' if name else '') + rng.choice(NAMES)
        elif r < 0.6:  # what is most probably there, to where it may go
            name = rng.choice(self.known)
            first = '-', '%R/' + name if rng.random() < 0.6 else self.relative(name, self.cwd)
            near = posixpath.dirname(name if rng.random() < 0.8 else rng.choice(self.known))
            second = '-', '%R/' + (near + '/' if near else '') + rng.choice(NAMES)
        return (*first, *second)

    def rename(self):
        flags = self.rng.choice(['0', '0', '0', 'RENAME_NOREPLACE', 'RENAME_EXCHANGE'])
        self.emit('rename', *self.pair(), flags)

    def link(self):
        flags = self.rng.choice(['0', '0', '0', 'AT_SYMLINK_FOLLOW', 'AT_EMPTY_PATH'])
        self.emit('link', *self.pair(), flags)

    def listing(self):
        rng = self.rng
        path = self.readable((0, self.path()))[1] if rng.random() < 0.3 else '%R/' + rng.choice(self.dirs)
        if rng.random() < 0.15:  # where rules lie
            path = '%R/' + rng.choice(self.rule_paths).rpartition('/')[0]
        self.emit('list', path, rng.choice([300, 600, 8192]))

    def program(self):
        return '%R/' + (self.rng.choice(self.programs)[1] if self.programs else self.target())

    def exec(self):
        rng = self.rng
        how = rng.choice(['execve', 'execve', 'execv', 'execl', 'vfork', 'empty', 'execveat',
                          'fexecve', 'spawn', 'spawnp', 'execvp'])
        program = self.target()
        if self.programs and rng.random() < 0.85:
            e, program = rng.choice(self.programs)
            if rng.random() < 0.5:
                self.put_back(e, '%R/' + program)
            if rng.random() < 0.3:  # most scripts need it
                self.put_back(*next((f, '%R/' + n) for f, n in self.programs
                                    if n == posixpath.dirname(program) + '/prog'))
        if rng.random() < 0.3:
            path = self.relative(program, self.cwd)
            if how in ('execvp', 'spawnp') and '/' not in path:
                path = './' + path
        else:
            path = self.decorate('%R/' + program)
        slot = 'cwd'
        if how == 'execveat' and rng.random() < 0.6:
            n = rng.randrange(SLOTS)
            slot, path = str(n), self.relative(program, self.slots[n])
        self.emit('exec', how, slot, path, rng.choice(['prog', 'other', '%R/zero', '']),
                  self.plain_path())

    def glob(self):
        path = self.plain_path()
        parts = path.split('/')
        for n, part in enumerate(parts):
            # Not the one behind the root: that would lead to targets by their real names.
            if part and parts[n - 1:n] != ['%R'] and part not in ('..', '.', '%R') and self.rng.random() < 0.3:
                parts[n] = '*' if self.rng.random() < 0.6 else part[:1] + '*'
        if parts[0] in ('', '..') or '..' in parts:
            parts = ['%R', 'v', '*', '*']
        self.emit('glob', '/'.join(parts))

    def nftw(self):
        self.emit('nftw', '%R/' + self.rng.choice(self.dirs),
                  self.rng.choice(['phys', 'depth', 'chdir']))

    def socket_path(self):
        if self.rng.random() < 0.5:
            return self.plain_path()
        return '%R/' + self.rng.choice(self.dirs) + '/' + self.rng.choice(NAMES)

    def one(self):
        rng = self.rng
        kind = rng.choices(self.kinds, self.weights)[0]
        by_hand = getattr(self, kind, None) if kind not in SIMPLE else None
        if by_hand:
            by_hand()
        else:
            SIMPLE[kind](self, kind)

    def script(self, count):
        self.emit('protect', '%R')
        targets = {t for _, t in self.world.rules} | {p for p, _ in self.world.rules}
        for path in self.world.rule_ancestors():
            if path not in targets or self.world.selves:
                self.emit('protect', '%R/' + path)
        if self.world.missing or self.world.overlays:
            self.emit('nodirlinks')
        if not self.options.barred:
            self.emit('keepsearch')
        if self.world.made:
            self.emit('norootdirs')
        self.emit('chdir', '%R')
        self.prologue = len(self.lines)
        while self.number < count:
            self.one()
        return self.lines


def one_path(g, kind):
    g.emit(kind, g.path())


def one_plain(g, kind):
    g.emit(kind, g.plain_path())


AT_NOFOLLOW = ['0', '0', 'AT_SYMLINK_NOFOLLOW', 'AT_EMPTY_PATH']
SIMPLE = {
    'stat': one_path, 'lstat': one_path, 'rmdir': one_path, 'unlink': one_path,
    'remove': one_plain, 'statfs': one_path, 'realpath': one_plain, 'inotify': one_path,
    'fstatat': lambda g, k: g.emit(k, *g.at(), g.rng.choice(AT_NOFOLLOW)),
    'statx': lambda g, k: g.emit(k, *g.at(), g.rng.choice(AT_NOFOLLOW)),
    'fstat': lambda g, k: g.emit(k, g.rng.randrange(SLOTS)),
    'fdname': lambda g, k: g.emit(k, g.rng.randrange(SLOTS)),
    'change': lambda g, k: g.emit(k, g.rng.randrange(SLOTS),
                                 g.rng.choice(CHANGES if g.world.made else CHANGES_ON_DISK)),
    'drop': lambda g, k: g.emit(k, g.rng.randrange(SLOTS)),
    'access': lambda g, k: g.emit(k, g.path(), g.rng.choice(['F_OK', 'R_OK', 'W_OK', 'X_OK',
                                                             'R_OK|W_OK'])),
    'faccessat': lambda g, k: g.emit(k, *g.at(), g.rng.choice(['F_OK', 'R_OK', 'W_OK', 'X_OK']),
                                     g.rng.choice(['0', 'AT_SYMLINK_NOFOLLOW', 'AT_EACCESS'])),
    'readlink': lambda g, k: g.emit(k, *g.maybe_at(), g.rng.choice([4096, 4096, 4096, 8])),
    'getcwd': lambda g, k: g.emit(k, g.rng.choice([4096, 4096, 4096, 30, 8, 1])),
    'listslot': lambda g, k: g.emit(k, g.rng.randrange(SLOTS), g.rng.choice([300, 8192])),
    'scandir': lambda g, k: g.emit(k, *g.readable(g.maybe_at())),
    'creat': lambda g, k: g.emit(k, g.path(), g.rng.choice(MODES)),
    'fopen': lambda g, k: g.emit(k, g.plain_path(), g.rng.choice(['r', 'r', 'r+', 'w', 'a', 'wx',
                                                                  're'])),
    'mkstemp': lambda g, k: g.emit(k, g.plain_path(), g.rng.choice(['', '', '.tmp'])),
    'mkdtemp': lambda g, k: g.emit(k, g.plain_path()),
    'mkdir': lambda g, k: g.emit(k, *g.maybe_at(), g.rng.choice(MODES)),
    'mkfifo': lambda g, k: g.emit(k, *g.maybe_at(), '0644'),
    'unlinkat': lambda g, k: g.emit(k, *g.at(), g.rng.choice(['0', 'AT_REMOVEDIR'])),
    'symlink': lambda g, k: g.emit(k, g.link_text(), *g.maybe_at()),
    'truncate': lambda g, k: g.emit(k, g.path(), g.rng.choice([0, 5, 100])),
    'chmod': lambda g, k: g.emit(k, *g.maybe_at(), g.rng.choice(MODES + ['0755'] * 6 + ['0'])),
    'chown': lambda g, k: g.emit(k, *g.maybe_at(), g.rng.choice(['0', 'AT_SYMLINK_NOFOLLOW'])),
    'utimens': lambda g, k: g.emit(k, *g.maybe_at(), 1000 + g.number * 7,
                                   g.rng.choice(['0', 'AT_SYMLINK_NOFOLLOW'])),
    'setxattr': lambda g, k: g.emit(k, g.path(), 'user.one', 'abc'),
    'lsetxattr': lambda g, k: g.emit(k, g.path(), 'user.one', 'xyz'),
    'getxattr': lambda g, k: g.emit(k, g.path(), 'user.one'),
    'lgetxattr': lambda g, k: g.emit(k, g.path(), 'user.one'),
    'removexattr': lambda g, k: g.emit(k, g.path(), 'user.one'),
    'fork': lambda g, k: g.emit(k, '%R/' + g.rng.choice(g.dirs), g.plain_path()),
    'chroot': lambda g, k: g.emit(k, '%R/' + g.rng.choice(g.roots), g.rng.choice(
        ['/' + g.rng.choice(NAMES), '/' + g.rng.choice(NAMES) + '/' + g.rng.choice(NAMES), '..',
         '.', '/..', g.rng.choice(NAMES)])),
    'bind': lambda g, k: g.emit(k, g.socket_path()),
    'connect': lambda g, k: g.emit(k, g.socket_path()),
    'send': lambda g, k: g.emit(k, g.socket_path()),
    'freopen': lambda g, k: g.emit(k, g.plain_path(), g.rng.choice(['r', 'w', 'a'])),
    'publish': lambda g, k: g.emit(k, '%R/' + g.rng.choice(g.dirs), g.plain_path()),
    'held': lambda g, k: g.emit(k, g.plain_path(), g.rng.choice(['O_RDONLY'] * 3 + ['O_PATH']),
                                g.rng.choice(HELD)),
    'where': one_plain, 'statvfs': one_plain,
    'times': lambda g, k: g.emit(k, g.plain_path(), 2000 + g.number * 7),
    'message': lambda g, k: g.emit(k, g.socket_path()),
    'fts': lambda g, k: g.emit(k, '%R/' + g.rng.choice(g.dirs),
                               g.rng.choice(['physical', 'nochdir'])),
    'actions': lambda g, k: g.emit(k, '%R/' + g.rng.choice(g.dirs), g.rng.choice(NAMES),
                                   g.program()),
    'search': lambda g, k: g.emit(
        k, ':'.join(g.rng.choice(['%R/' + d, '%R/' + posixpath.dirname(g.program()[3:]), ''])
                    for d in g.rng.choices(g.dirs, k=3)),
        g.rng.choice(['prog', 'script', 'nested', 'text', 'noexec', 'lib', 'f']),
        g.plain_path()),
    'system': lambda g, k: g.emit(k, 'pwd -P; f=%s; test -p $f || cat $f' % ('%R/' + g.target())),
}
WEIGHTS = [
    ('open', 14), ('keep', 5), ('drop', 0.3), ('change', 0.7), ('fdname', 1), ('openat2', 1.5), ('creat', 1),
    ('fopen', 1.5), ('mkstemp', 1), ('mkdtemp', 1), ('stat', 6), ('lstat', 4), ('fstatat', 5),
    ('statx', 4), ('fstat', 0.5), ('access', 2), ('faccessat', 2), ('statfs', 0.5),
    ('readlink', 5), ('getcwd', 2), ('realpath', 4), ('listing', 5), ('listslot', 1.5),
    ('scandir', 1.5), ('glob', 1.5), ('nftw', 0.7), ('inotify', 0.5), ('getxattr', 0.3),
    ('lgetxattr', 0.2), ('setxattr', 0.4), ('lsetxattr', 0.2), ('removexattr', 0.2),
    ('mkdir', 5), ('mkfifo', 0.7), ('rmdir', 2), ('unlink', 3), ('remove', 1), ('unlinkat', 2),
    ('rename', 6), ('link', 3), ('symlink', 6), ('truncate', 1.5), ('chmod', 2), ('chown', 1),
    ('utimens', 1.5), ('chdir', 5), ('fchdir', 1.5), ('fork', 1), ('chroot', 0.5), ('bind', 1),
    ('connect', 0.7), ('send', 0.5), ('exec', 1.5), ('system', 0.15), ('restore', 7),
    ('search', 0.4), ('actions', 0.4), ('fts', 0.3), ('freopen', 0.3), ('publish', 0.6),
    ('where', 0.6), ('statvfs', 0.3), ('times', 0.5), ('message', 0.5),
    ('held', 3),
]
