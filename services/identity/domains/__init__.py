"""Host names that lead to a business."""
