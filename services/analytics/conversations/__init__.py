"""Conversations with the assistant, each of one person within a business."""
