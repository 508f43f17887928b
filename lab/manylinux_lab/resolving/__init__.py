"""From the words of a user to wheel files: subjects, indexes, and what an installer would choose."""
