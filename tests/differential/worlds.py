# SPDX-License-Identifier: MIT
"""The trees and rules that the differential tester works on.

Used by generator.py (which names exist) and runner.py. It must never look at the disk.
"""
import os
import random
import stat

from trees import World


def plain_area(w):
    """A part that no rule touches, full of links into the rules."""
    w.directory('w')
    for name in ('w/d', 'w/d/a', 'w/d/a/b', 'w/x', 'w/sub'):
        w.directory(name)
    w.file('w/f', 'plain f')
    w.file('w/d/a/f', 'plain d a f')
    w.file('w/x/lib', 'lib is a file here')
    w.directory('w/closed', 0o700, root_owned=True)
    w.file('w/closed/f', 'root only', 0o600, root_owned=True)
    w.file('w/theirs', 'readable, not ours', 0o644, root_owned=True)


def links_into(w, targets):
    for n, t in enumerate(targets):
        w.link('w/abs%d' % n, '%R/' + t)
        w.link('w/rel%d' % n, '../' + t)
        w.link('w/d/deep%d' % n, '../../' + t + '/.')
    w.link('w/self', 'self')
    w.link('w/dot', '.')
    w.link('w/up', '..')
    w.link('w/empty', 'nowhere')
    w.link('w/proc', '/proc/self/cwd')
    w.link('w/twice', 'rel0')
    w.link('w/thrice', '%R/w/twice')


def chain(w, first, last, end):
    """Links one to the next: looking up number N takes (44 - N) of them. FIRST and LAST are where
    they lie, by turns; a pair: the directory and the program's name of it."""
    (here, name), (there, other) = [p if isinstance(p, tuple) else (p, p) for p in (first, last)]
    for n in range(44):
        w.link((there if n % 2 else here) + '/chain%d' % n,
               '%R/' + (name if n % 2 else other) + '/chain%d' % (n + 1))
    w.link(here + '/chain44', end)


def vendor_tree(w, real, virtual):
    """What a vendor ships: programs, links into itself by absolute names and by '..'."""
    w.directory(real)
    for name in ('bin', 'lib', 'lib/sub', 'lib/sub/sub', 'a', 'empty'):
        w.directory(real + '/' + name)
    w.program(real + '/bin/prog')
    w.program(real + '/bin/noexec', 0o644)
    w.file(real + '/bin/script', '#!%R/' + virtual + '/bin/prog opt\n', 0o755)
    w.file(real + '/bin/nested', '#!%R/' + virtual + '/bin/script\n', 0o755)
    w.file(real + '/bin/relative', '#!bin/prog\n', 0o755)
    w.file(real + '/bin/lost', '#!%R/' + virtual + '/bin/nothing\n', 0o755)
    w.file(real + '/bin/shell', '#!/bin/sh -e\necho "  shell $0 $1"; pwd -P\n', 0o755)
    w.file(real + '/bin/text', 'echo "  no magic"\n', 0o755)
    w.file(real + '/lib/a', 'lib a of ' + real)
    w.file(real + '/lib/b', 'lib b, read only', 0o444)
    w.file(real + '/lib/sub/x', 'x' * 33)
    w.file(real + '/a/f', 'a f of ' + real)
    w.file(real + '/f', 'top f of ' + real)
    w.file(real + '/secret', 'unreadable', 0)
    w.link(real + '/self', '.')
    w.link(real + '/up', '..')
    w.link(real + '/loop', 'loop')
    w.link(real + '/abs', '%R/' + virtual + '/lib')
    w.link(real + '/absfile', '%R/' + virtual + '/lib/a')
    w.link(real + '/lib/back', '../a/f')
    w.link(real + '/lib/over', '../../..')
    w.link(real + '/prog', 'bin/prog')
    w.link(real + '/out', '%R/w/d')
    w.link(real + '/new', '%R/' + virtual + '/a/made')
    w.link(real + '/gone', 'nothing/here')


def base(missing=False):
    w = World('missing' if missing else 'base', missing)
    w.directory('real')
    w.directory('v')
    w.directory('v/vopt')
    w.directory('v/vopt/plain')
    w.file('v/vopt/plain/f', 'beside the rules')
    w.directory('v/vetc')
    w.file('v/vetc/other', 'other')
    w.link('v/vetc/link', 'conf')
    w.link('v/vetc/vendor', '../vopt/vendor/lib')
    w.link('v/vopt/latest', 'vendor')
    w.link('v/opt', 'vopt')
    w.directory('v/deep')
    w.directory('v/deep/a')
    plain_area(w)
    vendor_tree(w, 'real/one', 'v/vopt/vendor')
    vendor_tree(w, 'real/two', 'v/vopt/vendor/plug')
    w.directory('real/side')
    w.file('real/side/f', 'side f')
    w.directory('real/side/lib')
    w.directory('real/side/inner')
    w.file('real/side/inner/seen', 'the target of a rule is not matched again')
    w.directory('real/three')
    w.file('real/three/unseen', 'by its own name only')
    w.file('real/conf', 'configuration')
    w.directory('real/data')
    w.file('real/data/mine', 'data')
    w.directory('real/data/sub')
    w.directory('real/deep')
    w.file('real/deep/f', 'deep f')
    if not missing:
        w.directory('v/data')
        w.file('v/data/hidden', 'beneath the mount')
        w.directory('v/data/sub')
        w.file('v/data/sub/hidden', 'beneath the mount, deeper')
    w.rule('v/vopt/vendor', 'real/one')
    w.rule('v/vopt/vendor/plug', 'real/two')
    w.rule('v/vopt/side', 'real/side')
    w.rule('v/vetc/conf', 'real/conf')
    w.rule('v/data', 'real/data')
    w.rule('v/deep/a/b', 'real/deep')
    w.rule('real/side/inner', 'real/three')
    links_into(w, ['v/vopt/vendor', 'v/vopt/vendor/plug', 'v/vetc/conf', 'v/vopt/side/lib',
                   'v/data', 'v/deep/a/b/f', 'v/vopt'])
    w.link('real/side/cross', '../vendor/plug/lib')
    w.link('real/two/vendor', '..')
    w.link('real/two/conf', '../../../vetc/conf')
    w.link('real/deep/top', '../../..')
    chain(w, 'w', 'w/d', '%R/v/vopt/vendor/lib')
    return w


def linked():
    """Rules written through links: the kernel resolves them when it mounts."""
    w = World('linked')
    w.directory('real')
    w.directory('v')
    w.directory('v/usr')
    w.directory('v/usr/lib')
    w.file('v/usr/lib/native', 'native')
    w.link('v/lib', 'usr/lib')
    w.link('v/abslib', '%R/v/usr/lib')
    plain_area(w)
    vendor_tree(w, 'real/one', 'v/lib/vendor')
    w.directory('real/two')
    w.file('real/two/f', 'two f')
    w.link('real/link', 'two')
    w.rule('v/lib/vendor', 'real/one')
    w.rule('v/abslib/two', 'real/link')
    w.written = [('v/lib/vendor', 'real/one'), ('v/abslib/two', 'real/link')]
    w.rules = [('v/usr/lib/vendor', 'real/one'), ('v/usr/lib/two', 'real/two')]
    links_into(w, ['v/lib/vendor', 'v/usr/lib/two', 'v/abslib/vendor/lib'])
    chain(w, 'w', ('real/one', 'v/lib/vendor'), '%R/v/lib/two')
    return w


def long_targets():
    """Real names much longer than the program's: sockets, deep trees, names at the limit."""
    w = World('long')
    w.directory('real')
    deep = 'real'
    for n in range(4):
        deep += '/' + 'long%d' % n + 'x' * 60
        w.directory(deep)
    plain_area(w)
    w.directory('v')
    vendor_tree(w, deep + '/one', 'v/one')
    w.directory(deep + '/two')
    w.file(deep + '/two/f', 'two f')
    w.rule('v/one', deep + '/one')
    w.rule('v/two', deep + '/two')
    links_into(w, ['v/one', 'v/two', 'v/one/lib'])
    chain(w, 'w', (deep + '/one', 'v/one'), '%R/v/two')
    return w


def bare():
    """Not even the parents of the rules' paths are there. The reference must have them: as
    directories that only root may write, so this world is for ordinary users."""
    w = World('bare', missing=True)
    w.user_only = True
    w.directory('real')
    w.directory('v', root_owned=True)
    plain_area(w)
    vendor_tree(w, 'real/one', 'v/vopt/acme/app')
    w.directory('real/two')
    w.file('real/two/f', 'two f')
    w.file('real/conf', 'configuration')
    w.rule('v/vopt/acme/app', 'real/one')
    w.rule('v/vopt/acme/two', 'real/two')
    w.rule('v/vetc/acme.conf', 'real/conf')
    w.made = ['v/vopt', 'v/vopt/acme', 'v/vetc']
    links_into(w, ['v/vopt/acme/app', 'v/vetc/acme.conf', 'v/vopt/acme', 'v/vopt'])
    return w


def scattered(seed):
    """Rules thrown at random over a random tree."""
    rng = random.Random('world %d' % seed)
    w = World('scattered')
    w.directory('real')
    plain_area(w)
    dirs = ['w', 'v']
    w.directory('v')
    names = ['a', 'b', 'lib', 'sub', 'x']
    taken = {e.path for e in w.entries}

    def grow(parent, levels):
        for name in rng.sample(names, rng.randint(1, 3)):
            path = parent + '/' + name
            if path in taken:
                continue
            taken.add(path)
            if levels and rng.random() < 0.7:
                w.directory(path, rng.choice([0o755, 0o755, 0o755, 0o711, 0o555]))
                dirs.append(path)
                grow(path, levels - 1)
            else:
                w.file(path, 'file ' + path)

    grow('v', 3)
    for n in range(rng.randint(2, 7)):
        target = 'real/t%d' % n
        kind_file = rng.random() < 0.2
        if kind_file:
            w.file(target, 'target %d' % n)
        else:
            w.directory(target)
            before = len(dirs)
            grow(target, 2)
            del dirs[before:]
        parent = rng.choice(dirs)
        path = parent + '/' + rng.choice(names + ['m', 'n'])
        while any(path == r for r, _ in w.rules):
            path += 'z'
        # Only where the parent is seen as it is: not in the shadow of another rule.
        there = w.entry(path)
        if any(path.startswith(r + '/') or r.startswith(path + '/') for r, _ in w.rules):
            continue
        if there and (there.kind == 'f') != kind_file:
            continue
        w.rule(path, target)
    if not w.rules:
        w.rule('v/zz', 'real/t0')
    spots = [e.path for e in w.entries if e.kind == 'd']
    goals = sorted({v for e in w.entries for v in w.virtual_paths(e.path)})
    for n in range(12):
        goal, at = rng.choice(goals), rng.choice(spots)
        text = '%R/' + goal if rng.random() < 0.5 else '../' * rng.randint(1, 3) + goal
        w.link('%s/l%d' % (at, n), text)
    return w


def overlay():
    """Two layers: names on one of them, on both, whited out, and an opaque directory."""
    w = World('overlay')
    w.directory('real')
    w.directory('v')
    plain_area(w)
    vendor_tree(w, 'v/ov', 'v/ov')
    # What cannot be read cannot be copied up with the rights of an ordinary user.
    w.entries = [e for e in w.entries if e.path != 'v/ov/secret']
    for name in 'side', 'side/x', 'plug', 'plug/sub', 'conf', 'data':
        w.directory('v/ov/' + name)
        w.file('v/ov/' + name + '/f', 'lower ' + name)
        w.file('v/ov/' + name + '/y', 'lower y of ' + name)
    w.file('v/ov/x', 'whited out')
    w.directory('real/up')
    for name in 'a', 'lib', 'side', 'plug', 'new', 'new/sub':
        w.directory('real/up/' + name)
        w.file('real/up/' + name + '/f', 'upper ' + name)
        w.file('real/up/' + name + '/b', 'upper b of ' + name)
    w.link('real/up/lib/back', 'sub/x')
    w.link('real/up/d', 'side')
    w.link('v/ov/side/d', '%R/v/ov/lib')
    w.whiteouts = ['real/up/x', 'real/up/conf', 'real/up/side/y', 'real/up/lib/a']
    w.opaque = ['real/up/plug']
    vendor_tree(w, 'real/one', 'v/one')
    w.overlay('v/ov', 'real/up')
    w.rule('v/one', 'real/one')
    links_into(w, ['v/ov', 'v/ov/lib', 'v/ov/side/f', 'v/one/lib', 'v/ov/new'])
    w.link('real/one/cross', '%R/v/ov/side')
    return w


def readonly():
    """Read-only mounts: a tree, one that is redirected, a directory and a file within another one,
    and mounts beneath that can be written to."""
    w = World('readonly')
    w.directory('real')
    w.directory('v')
    plain_area(w)
    vendor_tree(w, 'v/tree', 'v/tree')
    vendor_tree(w, 'real/one', 'v/one')
    vendor_tree(w, 'real/two', 'v/two')
    for name in 'side', 'plug':
        w.directory('real/' + name)
        w.file('real/%s/f' % name, name + ' f')
        w.directory('real/%s/lib' % name)
    w.file('v/conf', 'configuration')
    w.file('v/other', 'beside it')
    for name in 'v/tree/a', 'real/two/lib', 'w/x':
        w.node(name + '/fifo', stat.S_IFIFO)
        w.node(name + '/socket', stat.S_IFSOCK)
        w.node(name + '/null', stat.S_IFCHR, os.makedev(1, 3))
    w.directory('v/tree/mine', 0o555)
    w.directory('v/tree/theirs', root_owned=True)
    w.rule('v/one', 'real/one')
    w.rule('v/two', 'real/two')
    w.rule('v/tree/side', 'real/side')
    w.rule('v/one/plug', 'real/plug')
    for path in 'v/tree', 'v/one', 'v/two/lib', 'v/two/f', 'v/conf', 'w/x':
        w.readonly(path)
    links_into(w, ['v/tree', 'v/one/lib', 'v/two/f', 'v/conf', 'v/tree/side', 'v/two', 'v/tree/a'])
    w.link('v/tree/away', '%R/v/two')
    w.link('real/side/back', '../lib')
    return w


def of_seed(seed):
    """The world that SEED is tried on."""
    kinds = [base, lambda: base(missing=True), lambda: scattered(seed), linked, long_targets,
             lambda: scattered(seed), overlay, bare, readonly]
    return kinds[seed % len(kinds)]()


def by_name(name, seed):
    return {'base': base, 'missing': lambda: base(missing=True), 'linked': linked,
            'long': long_targets, 'bare': bare, 'overlay': overlay, 'readonly': readonly,
            'scattered': lambda: scattered(seed)}[name]()
