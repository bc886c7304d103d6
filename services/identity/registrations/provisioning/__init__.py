"""What a business gets once it is approved, step by step, each seen and repeatable."""
