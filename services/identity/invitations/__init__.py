"""Invitations: people are asked by mail to join a business."""
