"""What the service stands on: SQL, SMTP, templates."""
