"""The `lotse` command: one sub-command for each thing that staff, the hotline and operators do."""
