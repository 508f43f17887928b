"""What wheels do to each other: orders of loading, evidence of disturbance, and the causes of a failure."""
