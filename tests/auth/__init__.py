"""The auth room, through its public functions."""
