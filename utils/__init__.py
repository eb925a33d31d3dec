"""What the lectures import: data, claims, exercises, plotting, and a check of the environment."""
