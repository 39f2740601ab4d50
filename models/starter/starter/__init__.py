"""Training pipeline of the Guildhall starter model."""
