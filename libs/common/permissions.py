"""The algebra of permissions: strings `<service>.<resource>.<verb>`, and beginnings of them with `.*`, and `*`.

A set of them stands for the permissions that it opens. Two of these strings either do not meet, or one contains the
other; that is all that follows here rests on.
"""

from collections.abc import Collection

ALL = "*"


def holds(held: Collection[str], permission: str) -> bool:
    """Whether a set opens a permission, or all that a wildcard stands for."""
    if permission in held or ALL in held:
        return True
    parts = permission.split(".")
    return any(".".join(parts[:n]) + ".*" in held for n in range(1, len(parts)))


def lacking(held: Collection[str], wanted: Collection[str]) -> frozenset[str]:
    """What of one set another does not open: with nothing lacking, it opens all that the one opens."""
    return frozenset(permission for permission in wanted if not holds(held, permission))


def meet(one: Collection[str], other: Collection[str]) -> frozenset[str]:
    """What both sets open: of two strings that meet, the narrower one."""
    return frozenset(p for p in one if holds(other, p)) | frozenset(p for p in other if holds(one, p))
