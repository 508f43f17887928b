"""Where images come from, and how a plain one becomes one with Python and installers. See docs/images.md."""
