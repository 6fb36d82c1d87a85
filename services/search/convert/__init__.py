"""Between protobuf messages and the service's own values, and nothing else."""
