"""The durable shell around the kernel: hosts runs, keeps them on disk, performs what they ask for."""
