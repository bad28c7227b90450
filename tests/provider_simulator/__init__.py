"""Both vendors' HTTP APIs on loopback, with faults by script. README.md says how to use it."""
