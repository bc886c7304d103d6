"""What can go wrong with stores."""

from libs.common.errors import Conflict


class DefaultStoreNeeded(Conflict):
    """A business always has one default store; make another one the default first."""

    slug = "default-store-needed"
    title = "This is the default store"


class StoreNotEmpty(Conflict):
    """There is stock in the store; transfer or write it off first."""

    slug = "store-not-empty"
    title = "There is stock in the store"
