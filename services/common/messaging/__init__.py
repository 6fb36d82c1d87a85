"""NATS connections, signed envelopes, relay and consumer."""
