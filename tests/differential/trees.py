# SPDX-License-Identifier: MIT
"""What a world of the differential tester is: its tree and rules, how it is built, and the picture of
what is left of it.

Used by worlds.py (which makes some) and runner.py (build, mount, take a picture).
It must never touch anything outside the directory it is told to build in.

Names are relative to the world's root; "%R" in a link's text or a file's content stands for it.
"""
import hashlib
import os
import shutil
import stat

FIRST_TIME = 100000000  # of the tree as built: each entry has a time of its own, to be told apart by


class Entry:
    def __init__(self, kind, path, mode, data, root_owned):
        self.kind, self.path, self.mode, self.data = kind, path, mode, data
        self.root_owned = root_owned


class World:
    """missing: the rules' paths are not on the disk when an engine runs (bind mounts need them).
    bare: nor are those parents of them that nothing else needs."""

    def __init__(self, name, missing=False):
        self.name = name
        self.missing = missing
        self.entries = []
        self.rules = []  # (path, target)
        self.overlays = set()  # those rules' paths that are overlays, with the target above
        self.frozen = set()  # those whose mount is read-only
        self.selves = set()  # those that lead to what lies at their path
        self.whiteouts, self.opaque = [], []  # on the upper layer
        self.made = []  # parents of rules' paths that only the reference has
        self.user_only = False

    def directory(self, path, mode=0o755, root_owned=False):
        self.entries.append(Entry('d', path, mode, None, root_owned))

    def file(self, path, data, mode=0o644, root_owned=False):
        # What is no script may be executed as one, by a shell that is told so; a file "lib" that
        # says "lib ..." would execute itself for ever.
        if not data.startswith(('#!', 'echo')):
            data = ': ' + data
        self.entries.append(Entry('f', path, mode, data, root_owned))

    def link(self, path, text):
        self.entries.append(Entry('l', path, 0o777, text, False))

    def program(self, path, mode=0o755):
        self.entries.append(Entry('p', path, mode, None, False))

    def node(self, path, kind, device=0):
        self.entries.append(Entry('n', path, kind | 0o666, device, False))

    def rule(self, path, target):
        self.rules.append((path, target))

    def overlay(self, path, target):
        self.rule(path, target)
        self.overlays.add(path)

    def readonly(self, path):
        """Upon the rule of that path, if there is one."""
        if all(path != r for r, _ in self.rules):
            self.rule(path, self.disk_path(path))
            self.selves.add(path)
        self.frozen.add(path)

    def entry(self, path):
        return next((e for e in self.entries if e.path == path), None)

    def disk_path(self, path):
        """Where the bytes of the virtual PATH lie: through the longest rule above it, not of it."""
        best = max((r for r in self.rules if path.startswith(r[0] + '/')),
                   key=lambda r: len(r[0]), default=None)
        return best[1] + path[len(best[0]):] if best else path

    def virtual_paths(self, path):
        """Every name by which the program can reach the entry PATH, but not its real one."""
        names = [rule + path[len(target):] for rule, target in self.rules
                 if path == target or path.startswith(target + '/')]
        return names or ([] if path.split('/')[0] == 'real' else [path])

    def mount_points(self):
        """(rule path, what must be on the disk for a mount, is it a directory), parents first."""
        points = []
        for path, target in sorted(self.rules, key=lambda r: r[0].count('/')):
            entry = self.entry(target)
            points.append((path, self.disk_path(path), not entry or entry.kind == 'd'))
        return points

    def rule_ancestors(self):
        found = set()
        for path, _ in self.rules:
            while '/' in path:
                path = path.rpartition('/')[0]
                found.add(path)
        return sorted(found)


def build(world, root, uid, program, reference):
    """Make WORLD in the empty directory ROOT. REFERENCE: with every mount point."""
    os.umask(0)
    times = [(root, FIRST_TIME - 2000)]
    for n, e in enumerate(world.entries):
        path = os.path.join(root, e.path)
        if e.kind == 'd':
            os.mkdir(path, e.mode)
        elif e.kind == 'l':
            os.symlink(e.data.replace('%R', root), path)
        elif e.kind == 'n':
            os.mknod(path, e.mode, e.data)
        elif e.kind == 'p':
            shutil.copyfile(program, path)
            os.chmod(path, e.mode)
        else:
            with open(path, 'w') as f:
                f.write(e.data.replace('%R', root))
            os.chmod(path, e.mode)
        if not e.root_owned:
            os.lchown(path, uid, uid)
        times.append((path, FIRST_TIME + n * 1000))
    for path in world.whiteouts:
        os.mknod(os.path.join(root, path), stat.S_IFCHR, 0)
    for path in world.opaque:
        mark = 'user' if uid else 'trusted'  # which who runs may see
        if reference:  # mounted by root
            mark = 'trusted'
        os.setxattr(os.path.join(root, path), mark + '.overlay.opaque', b'y')
    if reference:
        for path in world.made:
            os.mkdir(os.path.join(root, path), 0o555)
    if reference or not world.missing:
        for _, point, is_dir in world.mount_points():
            path = os.path.join(root, point)
            if os.path.lexists(path):
                continue
            if is_dir:
                os.mkdir(path, 0o755)
            else:
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
            os.lchown(path, uid, uid)
            times.append((path, FIRST_TIME - 1000))
    for path, when in reversed(times):
        os.utime(path, (when, when), follow_symlinks=False)


def is_whiteout(path, st):
    """By which owner and with how many links it was made is of no account."""
    if stat.S_ISCHR(st.st_mode):
        return st.st_rdev == 0
    return (stat.S_ISREG(st.st_mode) and not st.st_size and
            any(name.endswith('.overlay.whiteout') for name in os.listxattr(path)))


def opacity(world, root, rel):
    """Does the directory REL of an upper layer hide one of the lower layer? Where there is none to
    hide, the mark means nothing; overlayfs sets it sometimes."""
    for path, target in world.rules:
        if path in world.overlays and rel.startswith(target + '/'):
            lower = os.path.join(root, path + rel[len(target):])
            for mark in 'trusted', 'user':
                try:
                    if os.getxattr(os.path.join(root, rel), mark + '.overlay.opaque') == b'y':
                        return ' opaque' if os.path.isdir(lower) else ''
                except OSError:
                    pass
    return ''


def picture(world, top, root, reference):
    """The tree left behind beneath TOP, as a dictionary of path (relative to ROOT) -> description."""
    skip = set()
    if reference and world.missing:
        built = {e.path for e in world.entries}
        skip = {p for _, p, _ in world.mount_points() if p not in built} | set(world.made)
    found = {}
    pending = [top]
    while pending:
        path = pending.pop()
        rel = os.path.relpath(path, root)
        st = os.lstat(path)
        text = '%s %04o u%d' % (stat.filemode(st.st_mode)[0], st.st_mode & 0o7777, st.st_uid)
        if world.overlays and is_whiteout(path, st):
            found[rel] = 'whiteout'
            continue
        if stat.S_ISDIR(st.st_mode):
            text += opacity(world, root, rel)
            for name in os.listdir(path):
                pending.append(path + '/' + name)
            if rel in skip:
                continue
        else:
            text += ' links %d' % st.st_nlink
        if stat.S_ISLNK(st.st_mode):
            text += ' -> ' + os.readlink(path).replace(root, '%R')
        elif stat.S_ISREG(st.st_mode):
            with open(path, 'rb') as f:
                data = f.read().replace(root.encode(), b'%R')
            text += ' size %d %s' % (st.st_size, hashlib.sha1(data).hexdigest()[:12])
            if rel in skip and not data:
                continue
        found[rel] = text
    return found
