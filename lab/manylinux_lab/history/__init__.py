"""What earlier runs saw: kept in a file, compared with later ones, taken over where nothing changed."""
