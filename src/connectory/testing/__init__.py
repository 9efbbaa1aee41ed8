"""Public test twins: an in-memory vault, a fake provider, factories. Above everything else."""
