"""Technology behind the search service's ports: OpenSearch for the index, SQL for what was read."""
