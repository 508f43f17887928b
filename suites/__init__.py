"""The checks that users run, as pytest files: one question each, asked through the lab's fixtures only."""
