"""A small Internet inside a network namespace: scripted DNS, origins at public addresses, canaries everywhere else."""
