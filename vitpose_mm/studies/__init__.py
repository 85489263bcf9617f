"""Studies: trainings that are compared with each other, as data, and what runs them one after another."""
