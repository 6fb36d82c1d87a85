"""gRPC server and client as every Lotse service uses them."""
