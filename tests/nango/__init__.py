"""A double of Nango 0.71.4, point by point as its reference page has it. Where a real server differs, it has a bug."""
