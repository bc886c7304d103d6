"""Departments of a business."""
