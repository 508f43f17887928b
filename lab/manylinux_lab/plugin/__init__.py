"""The lab inside pytest: cells become tests, and their reports become results."""
