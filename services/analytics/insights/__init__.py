"""What the facts suggest: metrics, anomalies, prices and next steps, each with its evidence."""
