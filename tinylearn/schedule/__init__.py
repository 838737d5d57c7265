"""The schedule: what runs together, and why. Rules decide, and every decision is recorded."""
