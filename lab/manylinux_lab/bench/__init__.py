"""What happens on a bench: the probe, the conversation with it, and what its events come to."""
