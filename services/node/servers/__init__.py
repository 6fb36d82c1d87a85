"""The servers a node starts as child processes; none of them outlives the node."""
