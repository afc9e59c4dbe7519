"""What all agents of Deskmate share."""
