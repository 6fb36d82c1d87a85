"""Configuration and set-up of the NATS brokers: the federation's hub and each region's own."""
