"""Memos: notices to the whole office or some of it, with receipts of who has read them."""
