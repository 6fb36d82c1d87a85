"""The technology behind the ports: SQL, the search API, keys and member list."""
