"""The distros the lab knows."""
