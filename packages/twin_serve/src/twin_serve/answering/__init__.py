"""From a question to an answer of which every sentence was checked."""
