"""What follows from the equations alone: equilibria and their stability."""
