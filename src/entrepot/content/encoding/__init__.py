"""From bytes to characters: declared, proved or guessed."""
