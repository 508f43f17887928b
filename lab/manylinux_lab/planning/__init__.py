"""From subjects, distros and options to the cells of a run."""
